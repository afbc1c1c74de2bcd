package ai.spattention.olmoe.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.Sha256;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {

    @TempDir
    private Path folder;

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void everyTypeComesBackAsItWasWritten() throws IOException {
        float[] special = {0f, -0f, 1f, -2.5f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY,
            Float.MIN_VALUE, Float.MAX_VALUE};
        NDArray floats = manager.create(special, new Shape(3, 3));
        Path file = folder.resolve("all.safetensors");
        new SafetensorsWriter().metadata("who", "tests, \"quoted\"").add("f32", floats)
                .add("i64", manager.create(new long[] {Long.MIN_VALUE, 7}))
                .add("i32", manager.create(new int[] {-3, 4, 5}))
                .add("u8", manager.create(new byte[] {1, 2}, new Shape(2)).toType(DataType.UINT8, false))
                .add("bool", manager.create(new boolean[] {true, false, true}))
                .add("f64", manager.create(new double[] {Math.PI}))
                .add("scalar", manager.create(4.5f))
                .add("empty", manager.create(new Shape(0, 3)))
                .write(file);
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertEquals("tests, \"quoted\"", read.metadata().get("who"));
            assertEquals(Set.of("f32", "i64", "i32", "u8", "bool", "f64", "scalar", "empty"), read.names());
            assertArrayEquals(special, read.read(manager, "f32").toFloatArray());
            assertEquals(new Shape(3, 3), read.read(manager, "f32").getShape());
            assertArrayEquals(new long[] {Long.MIN_VALUE, 7}, read.read(manager, "i64").toLongArray());
            assertArrayEquals(new int[] {-3, 4, 5}, read.read(manager, "i32").toIntArray());
            assertArrayEquals(new int[] {1, 2}, read.read(manager, "u8").toUint8Array());
            assertArrayEquals(new boolean[] {true, false, true}, read.read(manager, "bool").toBooleanArray());
            assertArrayEquals(new double[] {Math.PI}, read.read(manager, "f64").toDoubleArray());
            assertEquals(new Shape(), read.read(manager, "scalar").getShape());
            assertEquals(4.5f, read.read(manager, "scalar").getFloat());
            assertEquals(new Shape(0, 3), read.read(manager, "empty").getShape());
            assertEquals(0, read.info("f32").offset() % 8);
            InvalidInputException absent = assertThrows(InvalidInputException.class, () -> read.info("other"));
            assertEquals(file + " has no tensor 'other'", absent.getMessage());
        }
        try (var files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
    }

    @Test
    void halvesRoundToNearestEven() throws IOException {
        Random random = new Random(11);
        float[] values = new float[20_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.intBitsToFloat(random.nextInt());
        }
        float[] edges = {65504f, 65519.996f, 65520f, 1e-8f, 5.9604645e-8f, 2.9802322e-8f, 2.980233e-8f, 6.1035156e-5f,
            6.1e-5f, 1f + 1f / 2048, 1f + 3f / 2048, -0f, Float.MIN_VALUE, Float.NaN, Float.NEGATIVE_INFINITY};
        System.arraycopy(edges, 0, values, 0, edges.length);
        NDArray array = manager.create(values);
        Path file = folder.resolve("halves.safetensors");
        new SafetensorsWriter().add("f16", TensorType.F16, array.getShape(), array::duplicate)
                .add("bf16", TensorType.BF16, array.getShape(), array::duplicate).write(file);
        float[] expected = array.toType(DataType.FLOAT16, true).toType(DataType.FLOAT32, true).toFloatArray();
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertArrayEquals(expected, read.read(manager, "f16").toFloatArray());
            float[] brain = read.read(manager, "bf16").toFloatArray();
            for (int i = 0; i < values.length; i++) {
                if (Float.isNaN(values[i])) {
                    assertTrue(Float.isNaN(brain[i]));
                    continue;
                }
                // the two neighbours of the value among bfloat16s: the nearer one wins, the even one in a tie
                float low = Float.intBitsToFloat(Float.floatToRawIntBits(values[i]) & 0xFFFF0000);
                float high = Float.intBitsToFloat((Float.floatToRawIntBits(values[i]) & 0xFFFF0000) + 0x10000);
                if (Float.isFinite(high)) {
                    double toLow = Math.abs((double) values[i] - low);
                    double toHigh = Math.abs((double) high - values[i]);
                    boolean lowIsEven = (Float.floatToRawIntBits(low) & 0x10000) == 0;
                    assertEquals(toLow < toHigh || toLow == toHigh && lowIsEven ? low : high, brain[i]);
                }
            }
        }
    }

    @Test
    void tensorsLargerThanAPieceKeepTheirOrder() throws IOException {
        long size = TensorPieces.ELEMENTS + 1_000_003L;
        NDArray array = manager.arange(0, (int) size, 1, DataType.FLOAT32);
        Path file = folder.resolve("large.safetensors");
        new SafetensorsWriter().add("a", array).add("b", TensorType.BF16, array.getShape(), array::duplicate).write(file);
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertTrue(read.read(manager, "a").contentEquals(array));
            assertEquals(0, read.read(manager, "b").sub(array).abs().div(array.add(1)).max().getFloat(), 1f / 256);
            for (long[] range : new long[][] {{0, size}, {5, size - 3}, {size - 2, size}}) {
                NDArray part = read.read(manager, "a", range[0], range[1]);
                assertTrue(part.contentEquals(array.get(range[0] + ":" + range[1])), Arrays.toString(range));
            }
            assertEquals(new Shape(0), read.read(manager, "b", 7, 7).getShape());
            assertThrows(IndexOutOfBoundsException.class, () -> read.read(manager, "a", 1, array.size() + 1));
        }
    }

    @Test
    void whatIsTakenStaysAsItWasAndIsDigested() throws IOException {
        NDArray array = manager.create(new float[] {1, 2, 3});
        array.setRequiresGradient(true); // as parameters do
        NDArray halves = manager.create(new float[] {1, 2, 4, 8}, new Shape(2, 2)).toType(DataType.FLOAT16, false);
        SafetensorsWriter writer = new SafetensorsWriter().metadata("a", "b").add("live", TensorType.F32, array.getShape(), array::stopGradient)
                .add("halves", halves).add("brain", TensorType.BF16, array.getShape(), array::stopGradient)
                .add("scalar", manager.create(7L)).add("none", manager.create(new Shape(0, 3)));
        try (TensorCopies copies = new TensorCopies(manager.getDevice())) {
            writer.reserve(copies);
            long reserved = copies.bytes();
            assertEquals(3 * 4 + 4 * 4 + 3 * 4 + 8, reserved);
            String last = "";
            for (int time = 0; time < 3; time++) { // into the same memory
                Path before = folder.resolve("before" + time);
                String digest = writer.writeDigested(before);
                assertEquals(Sha256.of(List.of(before)), digest);
                assertFalse(digest.equals(last), "the live ones have moved on");
                last = digest;
                SafetensorsWriter taken = writer.taken(copies);
                try (NDArray live = array.stopGradient()) {
                    live.muli(2);
                }
                halves.addi(1);
                for (String again : List.of("after", "again")) {
                    Path after = folder.resolve(again + time);
                    assertEquals(digest, taken.writeDigested(after));
                    assertEquals(-1, Files.mismatch(before, after));
                }
                assertEquals(reserved, copies.bytes());
            }
        }
    }

    @Test
    void copiesOfOtherTensorsGetOtherMemory() throws IOException {
        Path file = folder.resolve("file");
        try (TensorCopies copies = new TensorCopies(manager.getDevice())) {
            new SafetensorsWriter().add("a", manager.ones(new Shape(2, 3))).taken(copies).write(file);
            NDArray larger = manager.arange(12f).reshape(3, 4);
            new SafetensorsWriter().add("a", larger).taken(copies).write(file);
            assertEquals(12 * 4, copies.bytes());
            try (SafetensorsFile read = SafetensorsFile.open(file)) {
                assertEquals(larger, read.read(manager, "a"));
            }
        }
    }

    @Test
    void whatIsNotAsAnnouncedIsRefused() {
        NDArray array = manager.ones(new Shape(2));
        try (TensorCopies copies = new TensorCopies(manager.getDevice())) {
            SafetensorsWriter number = new SafetensorsWriter().add("a", TensorType.I32, array.getShape(), array::duplicate);
            assertEquals("an array of type float32 cannot be written as I32",
                    assertThrows(InvalidInputException.class, () -> number.taken(copies)).getMessage());
            assertThrows(InvalidInputException.class, () -> number.write(folder.resolve("file")));
            SafetensorsWriter longer = new SafetensorsWriter().add("a", TensorType.F32, new Shape(3), array::duplicate);
            assertEquals("tensor a was announced as (3) and came as (2)",
                    assertThrows(IllegalStateException.class, () -> longer.taken(copies)).getMessage());
        }
    }

    @Test
    void offsetsBeyondFourGigabytesAreReached() throws IOException {
        long hole = 5L << 30;
        byte[] header = ("{\"big\":{\"dtype\":\"U8\",\"shape\":[" + hole + "],\"data_offsets\":[0," + hole + "]},"
                + "\"last\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[" + hole + "," + (hole + 8) + "]}}")
                .getBytes(StandardCharsets.UTF_8);
        Path file = folder.resolve("sparse.safetensors");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).array());
            sparse.write(header);
            sparse.seek(8 + header.length + hole);
            sparse.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putInt(17).putInt(-4).array());
        }
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertArrayEquals(new int[] {17, -4}, read.read(manager, "last").toIntArray());
        }
    }

    private static final String ONE = "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    private Path file(String header, int dataBytes) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return file(text.length, text, dataBytes);
    }

    private Path file(long claimed, byte[] header, int dataBytes) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(claimed).put(header);
        return Files.write(folder.resolve("bad.safetensors"), bytes.array());
    }

    private void refused(Path file, String fault) {
        InvalidInputException failure = assertThrows(InvalidInputException.class, () -> SafetensorsFile.open(file).close());
        assertEquals(file + " is not a valid safetensors file: " + fault, failure.getMessage());
    }

    @Test
    void hostileFilesAreRefused() throws IOException {
        SafetensorsFile.open(file("{" + ONE + "}", 8)).close(); // the sound form
        refused(Files.write(folder.resolve("bad.safetensors"), new byte[5]),
                "it has 5 bytes, a safetensors file at least 8");
        refused(file(1000, "{}".getBytes(StandardCharsets.UTF_8), 0),
                "its header claims 1000 bytes, but only 2 follow");
        refused(file(Long.MIN_VALUE, new byte[4], 0),
                "its header claims 9223372036854775808 bytes, more than the format's 100000000");
        refused(file(100_000_001, new byte[4], 0),
                "its header claims 100000001 bytes, more than the format's 100000000");
        refused(file(2, new byte[] {(byte) 0xC3, 0x28}, 0), "its header is not UTF-8");
        refused(file("{" + ONE + "}\0\0", 8), "its header holds a NUL character (padding must be spaces)");
        refused(file(" {" + ONE + "}", 8), "its header must begin with '{'");
        refused(file("{" + ONE, 8), "its header is not valid JSON: Unexpected end-of-input: expected close marker for Object");
        refused(file("{" + ONE + "," + ONE.replace("[0,8]", "[8,16]") + "}", 16),
                "its header is not valid JSON: Duplicate field 'a'");
        refused(file("{" + ONE + "," + other("8,16", "[2]").replace("8,16", "12,20") + "}", 20),
                "tensor 'b' leaves a hole before it");
        refused(file("{" + ONE + "," + other("4,12", "[2]") + "}", 12), "tensor 'b' overlaps the tensor before it");
        refused(file("{" + ONE + "," + other("0,8", "[2]") + "}", 8), "tensor 'b' overlaps the tensor before it");
        refused(file("{" + ONE.replace("[0,8]", "[8,0]") + "}", 8),
                "tensor 'a' ends before it begins (data_offsets [8,0])");
        refused(file("{" + ONE + "}", 11), "3 bytes follow the last tensor");
        refused(file("{" + ONE + "}", 7),
                "tensor 'a' ends at byte 8 of the data, but there are only 7 (is the file cut?)");
        refused(file("{" + ONE.replace("[2]", "[4294967296,4294967296]") + "}", 8),
                "tensor 'a' has a shape whose size overflows: [4294967296,4294967296]");
        refused(file("{" + ONE.replace("[2]", "[4611686018427387904]") + "}", 8), // fits, but not its bytes
                "tensor 'a' has a shape whose size overflows: [4611686018427387904]");
        refused(file("{" + ONE.replace("[2]", "[-2]") + "}", 8), "tensor 'a' has a shape that is no natural number: -2");
        refused(file("{" + ONE.replace("[2]", "[2.0]") + "}", 8), "tensor 'a' has a shape that is no natural number: 2.0");
        refused(file("{" + ONE.replace("[2]", "[3]") + "}", 8),
                "tensor 'a' has 8 bytes, its shape [3] of F32 needs 12");
        refused(file("{" + ONE.replace("F32", "F31") + "}", 8), "tensor 'a' has the unknown dtype 'F31'");
        refused(file("{\"a\":[]}", 0), "tensor 'a' must have dtype, shape and two data_offsets");
        refused(file("{\"__metadata__\":{\"x\":3}}", 0), "its __metadata__ 'x' is not text");
        Path absent = folder.resolve("absent.safetensors");
        assertEquals("there is no file " + absent,
                assertThrows(InvalidInputException.class, () -> SafetensorsFile.open(absent)).getMessage());
        assertEquals(folder + " is a folder: name a file",
                assertThrows(InvalidInputException.class, () -> SafetensorsFile.open(folder)).getMessage());
    }

    @Test
    void shardsAreNumberedWithTheFormatsDigitsInEveryLanguage() throws IOException {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            NDArray array = manager.ones(new Shape(10));
            TensorFolder.write(folder, List.of(new TensorFolder.Tensor("a", TensorType.F32, array.getShape(), array::duplicate),
                    new TensorFolder.Tensor("b", TensorType.F32, array.getShape(), array::duplicate)), 40);
            assertTrue(Files.exists(folder.resolve("model-00001-of-00002.safetensors")));
        } finally {
            Locale.setDefault(before);
        }
    }

    private static String other(String offsets, String shape) {
        return "\"b\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":[" + offsets + "]}";
    }

    /** Whatever a byte or two is changed to: a clear refusal or a file that reads, nothing else. */
    @Test
    void damagedHeadersNeverDoHarm() throws IOException {
        Path sound = folder.resolve("sound.safetensors");
        new SafetensorsWriter().metadata("k", "v").add("a", manager.ones(new Shape(2, 3)))
                .add("b", manager.create(new long[] {1, 2})).write(sound);
        byte[] bytes = Files.readAllBytes(sound);
        Random random = new Random(23);
        int refused = 0;
        for (int round = 0; round < 4000; round++) {
            byte[] damaged = bytes.clone();
            for (int i = 0; i <= random.nextInt(3); i++) {
                damaged[random.nextInt(round % 2 == 0 ? 16 : damaged.length)] = (byte) random.nextInt(256);
            }
            Path file = Files.write(folder.resolve("damaged.safetensors"), damaged);
            try (SafetensorsFile read = SafetensorsFile.open(file)) {
                for (String name : read.names()) {
                    if (read.info(name).type().inMemory().isPresent()) {
                        read.read(manager, name).close();
                    }
                }
            } catch (InvalidInputException e) {
                refused++;
            }
        }
        assertTrue(refused > 1000, refused + " refused");
    }

    @Test
    void aFileCutWhileOpenIsNoticed() throws IOException {
        Path file = folder.resolve("cut.safetensors");
        new SafetensorsWriter().add("a", manager.ones(new Shape(1000))).write(file);
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
                cut.setLength(500);
            }
            InvalidInputException failure = assertThrows(InvalidInputException.class, () -> read.read(manager, "a"));
            assertEquals(file + " is not a valid safetensors file: it ended at byte 500 while it was read", failure.getMessage());
        }
    }

    @Test
    void shardsReadAsOneFolder() throws IOException {
        List<TensorFolder.Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            NDArray array = manager.full(new Shape(10), (float) i);
            tensors.add(new TensorFolder.Tensor("t" + i, TensorType.F32, array.getShape(), array::duplicate));
        }
        TensorFolder.write(folder, tensors, 90);
        assertTrue(Files.exists(folder.resolve("model-00001-of-00003.safetensors")));
        assertFalse(Files.exists(folder.resolve("model.safetensors")));
        try (TensorFolder read = TensorFolder.open(folder)) {
            assertEquals(5, read.names().size());
            assertEquals(folder.resolve("model-00003-of-00003.safetensors"), read.files().get(2));
            for (int i = 0; i < 5; i++) {
                assertEquals(i, read.read(manager, "t" + i).max().getFloat());
            }
        }
        Path index = folder.resolve("model.safetensors.index.json");
        String text = Files.readString(index);
        folderRefused(index, text.replace("model-00001-of", "../model-00001-of"),
                index + " names the file '../model-00001-of-00003.safetensors': only names within the folder are allowed");
        folderRefused(index, text.replace("model-00001-of", "none-of"),
                index + " names the file 'none-of-00003.safetensors', which is not there");
        folderRefused(index, text.replace("\"t4\"", "\"t5\""),
                index + " does not list tensor 't4' in 'model-00003-of-00003.safetensors', which holds it");
        folderRefused(index, text.replace("\"t4\"", "\"t5\" : \"model-00003-of-00003.safetensors\", \"t4\""),
                index + " lists tensor 't5' in 'model-00003-of-00003.safetensors', which does not hold it");
        folderRefused(index, "{\"weight_map\":{}}", index + " must hold a non-empty object 'weight_map'");
        Files.delete(index);
        assertEquals(folder + " has neither model.safetensors nor model.safetensors.index.json: it is not a model folder",
                assertThrows(InvalidInputException.class, () -> TensorFolder.open(folder)).getMessage());
    }

    private void folderRefused(Path index, String text, String message) throws IOException {
        Files.writeString(index, text);
        assertEquals(message, assertThrows(InvalidInputException.class, () -> TensorFolder.open(folder)).getMessage());
    }

    @Test
    void aFailedWriteLeavesNothingBehindAndTheOldFileWhole() throws IOException {
        Path file = folder.resolve("kept.safetensors");
        new SafetensorsWriter().add("a", manager.ones(new Shape(4))).write(file);
        byte[] before = Files.readAllBytes(file);
        SafetensorsWriter failing = new SafetensorsWriter().add("a", TensorType.F32, new Shape(4), () -> {
            throw new IllegalStateException("gone");
        });
        assertThrows(IllegalStateException.class, () -> failing.write(file));
        assertArrayEquals(before, Files.readAllBytes(file));
        try (var files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
    }
}
