package ai.spattention.train.metrics.tensorboard;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.metrics.tensorboard.EventFile.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The field numbers are those of TensorFlow's event.proto, summary.proto, tensor.proto and tensor_shape.proto. */
class EventWriterTest {

    private static final Clock NOON = Clock.fixed(Instant.ofEpochMilli(1_700_000_000_250L), ZoneOffset.UTC);

    @TempDir
    private Path folder;

    private Message written(Summary summary) throws IOException {
        return written(1, summary).message(5).message(1);
    }

    private Message written(long step, Summary summary) throws IOException {
        try (EventWriter writer = EventWriter.start(folder, 1, NOON)) {
            writer.write(step, summary);
            List<Message> events = EventFile.read(writer.file());
            return events.get(events.size() - 1);
        }
    }

    @Test
    void theReaderKnowsTheChecksum() {
        assertEquals(0xE3069283, EventFile.crc32c("123456789".getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void beginsWithTheBytesOfEveryEventFile() throws IOException {
        try (EventWriter writer = EventWriter.start(folder, 1, NOON)) {
            byte[] bytes = Files.readAllBytes(writer.file());
            // as in any file of TensorFlow or PyTorch: 24 bytes, their masked checksum, then the time and the version
            assertEquals("1800000000000000a37f4b2209", HexFormat.of().formatHex(Arrays.copyOf(bytes, 13)));
            assertEquals("brain.Event:2", new String(bytes, 12 + 11, 13, StandardCharsets.US_ASCII));
        }
    }

    @Test
    void saysWhereTheSessionStarts() throws IOException {
        try (EventWriter writer = EventWriter.start(folder.resolve("new").resolve("folder"), 301, NOON)) {
            List<Message> events = EventFile.read(writer.file());
            assertEquals(2, events.size());
            assertEquals("brain.Event:2", events.get(0).text(3));
            assertFalse(events.get(0).has(2));
            assertEquals(301, events.get(1).varint(2));
            assertEquals(1, events.get(1).message(7).varint(1), "SessionLog.START");
            events.forEach(event -> assertEquals(1_700_000_000.25, event.float64(1)));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 1, -2.5, 1e30, Double.NaN, Double.POSITIVE_INFINITY})
    void scalars(double value) throws IOException {
        Message point = written(new Summary().scalar("loss/train", value));
        assertEquals("loss/train", point.text(1));
        assertEquals((float) value, point.float32(2));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 127, 128, 300, 1L << 35, Long.MAX_VALUE})
    void steps(long step) throws IOException {
        assertEquals(step, written(step, new Summary().scalar("x", 1)).varint(2));
    }

    @Test
    void severalValuesOfAStepShareAnEvent() throws IOException {
        List<Message> values = written(7, new Summary().scalar("a", 1).scalar("b", 2).bars("c", 3)).message(5).messages(1);
        assertEquals(List.of("a", "b", "c"), values.stream().map(value -> value.text(1)).toList());
    }

    @Test
    void histograms() throws IOException {
        Message value = written(new Summary().bars("experts/load", 50, 0, 30, 20));
        assertEquals("experts/load", value.text(1));
        Message histogram = value.message(5);
        assertEquals(0, histogram.float64(1), "min");
        assertEquals(4, histogram.float64(2), "max");
        assertEquals(100, histogram.float64(3), "num");
        assertEquals(50 * 0.5 + 30 * 2.5 + 20 * 3.5, histogram.float64(4), 1e-12, "sum");
        assertEquals(50 * 0.25 + 30 * 6.25 + 20 * 12.25, histogram.float64(5), 1e-12, "sum_squares");
        assertEquals(List.of(1.0, 2.0, 3.0, 4.0), histogram.float64s(6), "bucket_limit");
        assertEquals(List.of(50.0, 0.0, 30.0, 20.0), histogram.float64s(7), "bucket");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "public class", "two\nlines", "\u00fc \u4e2d \ud83d\ude00"})
    void texts(String text) throws IOException {
        Message value = written(new Summary().text("sample", text));
        assertEquals("sample", value.text(1));
        Message tensor = value.message(8);
        assertEquals(7, tensor.varint(1), "DT_STRING");
        assertEquals(1, tensor.message(2).message(2).varint(1), "a vector of one");
        assertEquals(text, tensor.text(8));
        assertEquals("text", value.message(9).message(1).text(1), "plugin_name");
        assertEquals(2, value.message(9).varint(4), "DATA_CLASS_TENSOR");
    }

    @Test
    void aLongTextNeedsALongLength() throws IOException {
        String text = "x".repeat(100_000);
        assertEquals(text, written(new Summary().text("sample", text)).message(8).text(8));
    }

    @Test
    void everyFilesNameComesAfterThoseBefore() throws IOException {
        for (int i = 0; i < 3; i++) {
            EventWriter.start(folder, 1, NOON).close();
        }
        EventWriter.start(folder, 1, Clock.offset(NOON, Duration.ofDays(-1))).close(); // the clock went back
        Files.writeString(folder.resolve("notes.txt"), "not an event file");
        EventWriter.start(folder, 1, Clock.offset(NOON, Duration.ofDays(1))).close();
        assertEquals(List.of("events.out.tfevents.1700000000.spattention", "events.out.tfevents.1700000001.spattention",
                "events.out.tfevents.1700000002.spattention", "events.out.tfevents.1700000003.spattention",
                "events.out.tfevents.1700086400.spattention", "notes.txt"),
                EventFile.files(folder).stream().map(file -> file.getFileName().toString()).toList());
    }

    @Test
    void earlierFilesStayAsTheyAre() throws IOException {
        Path first;
        try (EventWriter writer = EventWriter.start(folder, 1, NOON)) {
            writer.write(1, new Summary().scalar("a", 1));
            first = writer.file();
        }
        byte[] before = Files.readAllBytes(first);
        EventWriter.start(folder, 1, NOON).close();
        assertArrayEquals(before, Files.readAllBytes(first));
    }

    @Test
    void refusesAFolderThatIsAFile() throws IOException {
        Path file = Files.writeString(folder.resolve("tensorboard"), "");
        assertThrows(InvalidInputException.class, () -> EventWriter.start(file, 1, NOON));
    }
}
