"""Apache Flink for replay.py: its jars, the compiled job (FlinkJob.java, DistinctCount.java), and what a run leaves."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCES = pathlib.Path(__file__).resolve().parent
BUILD = SOURCES.parents[1] / ".build"
VERSION = "2.3.0"
HEADER = "session_id,window_end,gmv,orders,refunds,views,clicks,viewers,buyers\n"
HEAP = "3g"


def jars():
    """The folder of Flink's jars. Only they are used, so what PyFlink depends on is not installed. In a folder of their
    own (350 MB) they do not burden the environment that other scripts share, and can be removed.
    """
    folder = BUILD / f"flink-{VERSION}"
    if not folder.exists():
        print(f"Installing Apache Flink {VERSION} into {folder}.", file=sys.stderr)
        # Moved when it is complete, so that an interrupted installation is not taken for one.
        with tempfile.TemporaryDirectory(dir=BUILD, prefix="flink-") as name:
            made = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                                   "--no-deps", "--no-compile", "--no-cache-dir", "--target", f"{name}/all",
                                   f"apache-flink-libraries=={VERSION}"])
            if made.returncode != 0:
                sys.exit("pip could not install Apache Flink: see above, check the network, then try again.")
            pathlib.Path(name, "all").rename(folder)
    return folder / "pyflink/lib"


class Flink:
    def __init__(self, directory, source):
        if not shutil.which("javac"):
            sys.exit("javac is missing: run apt-get install openjdk-17-jdk-headless, then try again.")
        self.parts, self.result = directory / "flink-parts", directory / "flink.out"
        self.milliseconds = directory / "flink-milliseconds"
        classes, libraries = directory / "flink-classes", f"{jars()}/*"
        subprocess.run(["javac", "--release", "17", "-d", classes, "-cp", libraries, SOURCES / "FlinkJob.java",
                        SOURCES / "DistinctCount.java"], check=True)
        # In its folder of temporary files Flink leaves one of its own.
        self.command = ["java", f"-Xmx{HEAP}", f"-Djava.io.tmpdir={directory}", "-cp", f"{classes}:{libraries}",
                        "FlinkJob", source, self.parts, self.milliseconds]

    def collect(self):
        """After each run: puts the files of its result together. The seconds that the job ran as Flink counts them:
        without the start of the JVM and of the cluster, and without planning.
        """
        with open(self.result, "w", encoding="utf-8") as whole:
            whole.write(HEADER)
            for part in self.parts.iterdir():
                with open(part, encoding="utf-8") as file:
                    shutil.copyfileobj(file, whole)
        # A streaming sink adds to what is there: the next run would write every window again.
        shutil.rmtree(self.parts)
        return int(self.milliseconds.read_text()) / 1000
