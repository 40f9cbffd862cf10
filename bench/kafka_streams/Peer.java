import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;

/**
 * Candidate (e): Kafka Streams with exactly-once v2. Run as `java Peer.java EVENTS TOPIC...`; it ends
 * after so many events.
 *
 * It does what `bench.quix` does. Its RocksDB state holds, by key (lead, account ...), the ids of the events that were
 * seen and the lead's stage; changelog topics are on, because exactly-once is about them. Counters by minute, hour and
 * day are added up in memory and go to Redis in one pipeline every 4,000 events, and each pipeline is followed by a
 * commit. In state stores the counters would be exactly-once, and cost it more: it gets the cheaper way. What it does
 * not do: late events that move what was counted, exactly-once counters (a crash between pipeline and commit counts
 * twice), and all but three of the metrics.
 */
public final class Peer implements Processor<String, byte[], Void, Void> {
    private static final int CHECKPOINT = 4000;
    /** As long as a transaction may take: what commits is the pipeline, not the clock. */
    private static final int LONGEST_COMMIT_INTERVAL_MS = 10_000;
    private static final String COUNTERS = "events";
    private static final String SEEN = "seen";
    private static final String STAGES = "stages";
    private static final Map<String, Long> GRAINS = Map.of("minute", 60L, "hour", 3600L, "day", 86_400L);

    private final ObjectMapper json = new ObjectMapper();
    private final Map<String, Map<String, Long>> amounts = new HashMap<>();
    private final Jedis redis;
    private final long events;
    private final CountDownLatch done;
    private ProcessorContext<Void, Void> context;
    private KeyValueStore<String, byte[]> seen;
    private KeyValueStore<String, String> stages;
    private long count;

    private Peer(Jedis redis, long events, CountDownLatch done) {
        this.redis = redis;
        this.events = events;
        this.done = done;
    }

    @Override
    public void init(ProcessorContext<Void, Void> context) {
        this.context = context;
        seen = context.getStateStore(SEEN);
        stages = context.getStateStore(STAGES);
    }

    @Override
    public void process(Record<String, byte[]> record) {
        JsonNode event;
        try {
            event = json.readTree(record.value());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        add(event, series(record.key(), event));
        count++;
        if (count % CHECKPOINT == 0 || count == events) {
            flush();
            context.commit();
        }
        if (count == events) {
            done.countDown();
        }
    }

    /** Name the series that an event counts in; a copy counts as a duplicate. */
    private String series(String key, JsonNode event) {
        if (seen.putIfAbsent(key + "/" + event.get("id").textValue(), new byte[] {1}) != null) {
            return "duplicates";
        }
        String type = event.get("type").textValue();
        if (!type.equals("lead.stage_changed")) {
            return type;
        }
        String before = stages.get(key);
        String after = event.get("data").get("to").textValue();
        stages.put(key, after);
        return "stage:" + (before == null ? "none" : before) + ":" + after;
    }

    /** Count an event in the buckets of its time. */
    private void add(JsonNode event, String series) {
        long second = Instant.parse(event.get("time").textValue()).getEpochSecond();
        increment(COUNTERS, event.get("type").textValue());
        GRAINS.forEach((grain, length) -> increment(grain + ":" + second / length, series));
    }

    private void increment(String key, String field) {
        amounts.computeIfAbsent(key, missing -> new HashMap<>()).merge(field, 1L, Long::sum);
    }

    /** Write all amounts in one round trip. */
    private void flush() {
        try (Pipeline pipeline = redis.pipelined()) {
            amounts.forEach((key, fields) -> fields.forEach((field, amount) -> pipeline.hincrBy(key, field, amount)));
        }
        amounts.clear();
    }

    public static void main(String[] arguments) throws InterruptedException {
        long events = Long.parseLong(arguments[0]);
        String[] topics = List.of(arguments).subList(1, arguments.length).toArray(String[]::new);
        var done = new CountDownLatch(1);
        try (var redis = new Jedis(URI.create(System.getenv("STREAM_APP_REDIS_URL")));
                var streams = new KafkaStreams(topology(() -> new Peer(redis, events, done), topics), settings())) {
            streams.setUncaughtExceptionHandler(error -> {
                error.printStackTrace();
                System.exit(1);
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.start();
            done.await();
        }
    }

    private static Topology topology(ProcessorSupplier<String, byte[], Void, Void> peer, String[] topics) {
        var text = Serdes.String();
        var bytes = Serdes.ByteArray();
        return new Topology()
            .addSource("events", text.deserializer(), bytes.deserializer(), topics)
            .addProcessor("peer", peer, "events")
            .addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(SEEN), text, bytes), "peer")
            .addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STAGES), text, text), "peer");
    }

    private static Properties settings() {
        var settings = new Properties();
        String brokers = URI.create(System.getenv("STREAM_APP_KAFKA_URL")).getAuthority();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, System.getenv("STREAM_APP_GROUP"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, LONGEST_COMMIT_INTERVAL_MS);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        return settings;
    }
}
