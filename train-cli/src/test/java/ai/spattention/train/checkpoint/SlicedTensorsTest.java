package ai.spattention.train.checkpoint;

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
import ai.spattention.olmoe.safetensors.SafetensorsFile;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import ai.spattention.olmoe.safetensors.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SlicedTensorsTest {

    private static final Shape SHAPE = new Shape(5, 7);

    @TempDir
    private Path folder;

    private NDManager manager;
    private NDArray whole;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        whole = manager.arange(0, 35, 1, DataType.FLOAT32);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    /** A file a cut, the last first; with another tensor that is whole in the first. */
    private List<Path> write(long... cuts) throws IOException {
        List<Path> files = new ArrayList<>();
        for (int i = cuts.length - 2; i >= 0; i--) {
            long begin = cuts[i];
            long end = cuts[i + 1];
            SafetensorsWriter writer = new SafetensorsWriter();
            new TensorSlice("w", SHAPE, begin, end).addTo(writer, TensorType.F32, () -> whole.get(begin + ":" + end));
            if (i == 0) {
                new TensorSlice("whole", new Shape(2), 0, 2).addTo(writer, TensorType.BF16, () -> manager.create(new float[] {1, 2}));
            }
            Path file = folder.resolve(i + "-of-" + cuts.length);
            writer.write(file);
            files.add(file);
        }
        return files;
    }

    @Test
    void whatWasCutReadsAsIfItHadNotBeen() throws IOException {
        float[] values = whole.toFloatArray();
        for (long[] cuts : new long[][] {{0, 35}, {0, 1, 35}, {0, 11, 12, 34, 35}}) {
            try (SlicedTensors tensors = SlicedTensors.open(write(cuts))) {
                NDArray read = tensors.read(manager, "w", SHAPE);
                assertEquals(SHAPE, read.getShape());
                assertArrayEquals(values, read.toFloatArray());
                for (int[] range : new int[][] {{0, 35}, {0, 1}, {10, 13}, {11, 12}, {12, 34}, {33, 35}}) {
                    assertArrayEquals(Arrays.copyOfRange(values, range[0], range[1]), tensors.read(manager, "w", range[0], range[1]).toFloatArray());
                }
                assertArrayEquals(new float[] {1, 2}, tensors.read(manager, "whole", new Shape(2)).toFloatArray());
                assertTrue(tensors.contains("w") && !tensors.contains("w[0:1]") && !tensors.contains("v"));
            }
        }
    }

    /** Other programs see arrays of one axis, and the whole shape among the texts. */
    @Test
    void aSliceIsATensorOfAnyReader() throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(write(0, 11, 35).get(0))) {
            assertEquals(List.of("w[11:35]"), List.copyOf(file.names()));
            assertEquals(new Shape(24), file.info("w[11:35]").shape());
            assertEquals(Map.of("w", "5,7"), file.metadata());
        }
        try (SafetensorsFile file = SafetensorsFile.open(write(0, 35).get(0))) {
            assertEquals(SHAPE, file.info("w").shape());
            assertEquals(Map.of(), file.metadata());
        }
    }

    @Test
    void whatIsNotThereIsNamed() throws IOException {
        List<Path> files = write(0, 11, 12, 35);
        try (SlicedTensors tensors = SlicedTensors.open(List.of(files.get(0), files.get(2)))) {
            assertEquals(folder + " has no element 11 of tensor 'w'",
                    assertThrows(InvalidInputException.class, () -> tensors.read(manager, "w", SHAPE)).getMessage());
            assertEquals(3, tensors.read(manager, "w", 2, 5).size());
            assertEquals(folder + " has no element 0 of tensor 'v'",
                    assertThrows(InvalidInputException.class, () -> tensors.read(manager, "v", 0, 1)).getMessage());
        }
    }

    @Test
    void anotherShapeIsRefused() throws IOException {
        try (SlicedTensors tensors = SlicedTensors.open(write(0, 11, 35))) {
            String message = assertThrows(InvalidInputException.class, () -> tensors.read(manager, "w", new Shape(7, 5))).getMessage();
            assertTrue(message.endsWith("tensor 'w' has the shape (5,7), not (7,5)"), message);
        }
    }

    @Test
    void aNameThatLiesIsRefused() throws IOException {
        Path file = folder.resolve("lies");
        new SafetensorsWriter().add("w[3:9]", whole).write(file);
        String message = assertThrows(InvalidInputException.class, () -> SlicedTensors.open(List.of(file)).close()).getMessage();
        assertEquals(file + ": the slice 'w[3:9]' has 35 elements", message);
        assertFalse(message.contains("\n"));
    }
}
