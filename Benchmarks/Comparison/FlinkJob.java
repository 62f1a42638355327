import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;

/**
 * The job of replay.py in Flink SQL, on a cluster inside this process.
 *
 * <p>Arguments: the file of events, the folder for the result, the file for how many milliseconds the job itself ran.
 */
public class FlinkJob {
  private static final Map<String, String> CONFIGURATION =
      Map.of(
          "parallelism.default", "2",
          "pipeline.object-reuse", "true",
          "state.backend.type", "hashmap",
          // Rows to aggregate are gathered here; an embedded cluster has only 128 MiB by default.
          "taskmanager.memory.managed.size", "512m",
          "table.local-time-zone", "UTC",
          "table.optimizer.agg-phase-strategy", "TWO_PHASE");

  // Flink makes one split of a local file (LocalFileSystem knows no smaller blocks). So one subtask reads all of it, in
  // its order; the other ends at once and holds no watermark back; and no row is behind the watermark. A file in more
  // splits than subtasks would not do: a subtask that reads a later one first makes the rows of an earlier one late.
  private static final String EVENTS =
      """
      CREATE TEMPORARY TABLE events (
        session_id STRING, type STRING, ts BIGINT, amount DECIMAL(18, 2), viewer_id STRING, buyer_id STRING,
        rowtime AS TO_TIMESTAMP_LTZ(ts, 3),
        WATERMARK FOR rowtime AS rowtime - INTERVAL '5' SECOND
      ) WITH ('connector' = 'filesystem', 'path' = 'file://%s', 'format' = 'json')
      """;

  // Sums are strings: the CSV format would write 1500.00 as 1.5E+3, in files also where it is told not to.
  private static final String RESULTS =
      """
      CREATE TEMPORARY TABLE results (
        session_id STRING, window_end BIGINT, gmv STRING, orders BIGINT, refunds STRING, `views` BIGINT, clicks BIGINT,
        viewers BIGINT, buyers BIGINT
      ) WITH ('connector' = 'filesystem', 'path' = 'file://%s', 'format' = 'csv')
      """;

  private static final String JOB =
      """
      INSERT INTO results
      SELECT session_id, TIMESTAMPDIFF(SECOND, TIMESTAMP '1970-01-01 00:00:00', window_end) * CAST(1000 AS BIGINT),
        CAST(COALESCE(SUM(amount) FILTER (WHERE type = 'paid'), 0) AS STRING), COUNT(*) FILTER (WHERE type = 'paid'),
        CAST(COALESCE(SUM(amount) FILTER (WHERE type = 'refunded'), 0) AS STRING),
        COUNT(*) FILTER (WHERE type = 'enter'), COUNT(*) FILTER (WHERE type = 'click'), distinct_count(viewer_id),
        distinct_count(buyer_id) FILTER (WHERE type = 'paid')
      FROM TABLE(HOP(TABLE events, DESCRIPTOR(rowtime), INTERVAL '10' SECOND, INTERVAL '1' MINUTE))
      GROUP BY session_id, window_start, window_end
      """;

  public static void main(String[] arguments) throws Exception {
    TableEnvironment tables =
        TableEnvironment.create(
            EnvironmentSettings.newInstance()
                .inStreamingMode()
                .withConfiguration(Configuration.fromMap(CONFIGURATION))
                .build());
    tables.createTemporarySystemFunction("distinct_count", DistinctCount.class);
    tables.executeSql(EVENTS.formatted(arguments[0]));
    tables.executeSql(RESULTS.formatted(arguments[1]));
    TableResult result = tables.executeSql(JOB);
    long milliseconds = result.getJobClient().orElseThrow().getJobExecutionResult().get().getNetRuntime();
    Files.writeString(Path.of(arguments[2]), Long.toString(milliseconds));
  }
}
