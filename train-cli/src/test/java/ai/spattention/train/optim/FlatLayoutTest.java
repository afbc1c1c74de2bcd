package ai.spattention.train.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import ai.spattention.train.distributed.SingleProcess;
import ai.spattention.train.distributed.TurnCollectives;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Parameters in a flat vector: its parts, what ranks exchange of it, and its norm. */
class FlatLayoutTest {

    private static final int BLOCK = FlatLayout.BLOCK;

    /** Uneven sizes, around a block's. */
    private static final long[][] SHAPES = {{3, 5}, {BLOCK}, {BLOCK - 1}, {BLOCK + 1}, {1}, {77, 401}, {5 * BLOCK, 2}, {7}};

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    @AfterEach
    void close() {
        manager.close();
    }

    private List<Parameter> parameters(long[]... shapes) {
        List<Parameter> parameters = new ArrayList<>();
        for (long[] shape : shapes) {
            Parameter parameter = Parameter.builder().setName("p").setType(Parameter.Type.WEIGHT).optInitializer(Initializer.ZEROS).build();
            parameter.setShape(new Shape(shape));
            parameter.initialize(manager, DataType.FLOAT32);
            parameters.add(parameter);
        }
        return parameters;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 7, 64})
    void slicesHoldEveryElementOnceAndAreCutAtBlocks(int ranks) {
        List<Parameter> parameters = parameters(SHAPES);
        FlatLayout layout = new FlatLayout(parameters, ranks);
        assertEquals(layout.slice() * ranks, layout.elements());
        assertEquals(0, layout.slice() % BLOCK);
        Map<Parameter, Long> next = new IdentityHashMap<>();
        long place = -1;
        for (int rank = 0; rank < ranks; rank++) {
            for (FlatLayout.Fragment part : layout.fragments(rank)) {
                assertEquals(next.getOrDefault(part.parameter(), 0L), part.begin());
                assertEquals(0, part.begin() % BLOCK);
                assertEquals(0, part.place() % BLOCK);
                assertTrue(part.size() > 0 && part.place() > place);
                assertTrue(part.place() >= rank * layout.slice() && part.place() + part.size() <= (rank + 1) * layout.slice());
                assertEquals(part.size() == part.parameter().getShape().size() ? part.parameter().getShape() : new Shape(part.size()),
                        part.shape());
                next.put(part.parameter(), part.end());
                place = part.place() + part.size() - 1;
            }
        }
        for (Parameter parameter : parameters) {
            assertEquals(parameter.getShape().size(), next.get(parameter));
        }
    }

    @Test
    void aModelMayBeSmallerThanABlockARank() {
        FlatLayout layout = new FlatLayout(parameters(new long[] {3}, new long[] {4}), 4);
        assertEquals(BLOCK, layout.slice());
        assertEquals(List.of(1, 1, 0, 0), List.of(layout.fragments(0).size(), layout.fragments(1).size(), layout.fragments(2).size(),
                layout.fragments(3).size()));
    }

    @Test
    void aSharedParameterLiesOnce() {
        List<Parameter> parameters = parameters(new long[] {3}, new long[] {4});
        parameters.add(parameters.get(0));
        assertEquals(2, new FlatLayout(parameters, 2).whole().size());
    }

    /** Arrays of all parameters, drawn anew for each rank. */
    private static Map<Parameter, NDArray> draw(List<Parameter> parameters, NDManager owner, long seed) {
        Random random = new Random(seed);
        Map<Parameter, NDArray> arrays = new IdentityHashMap<>();
        for (Parameter parameter : parameters) {
            float[] values = new float[(int) parameter.getShape().size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            arrays.put(parameter, owner.create(values, parameter.getShape()).duplicate());
        }
        return arrays;
    }

    /** In one piece and in several. */
    @ParameterizedTest
    @CsvSource({"1, 100000000", "2, 100000000", "3, 1", "4, 20000", "5, 50000"})
    void ranksExchangeByPieces(int ranks, long mostElements) throws Exception {
        List<Parameter> parameters = parameters(SHAPES);
        FlatLayout layout = new FlatLayout(parameters, ranks);
        TurnCollectives.run(ranks, collectives -> {
            int rank = collectives.rank();
            try (NDManager owner = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                    FlatBuffer buffer = new FlatBuffer(layout, collectives, owner, mostElements)) {
                Map<Parameter, NDArray> own = draw(parameters, owner, rank);
                Map<Parameter, float[]> sums = new IdentityHashMap<>();
                parameters.forEach(parameter -> sums.put(parameter, new float[(int) parameter.getShape().size()]));
                for (int other = 0; other < ranks; other++) {
                    draw(parameters, owner, other).forEach((parameter, array) -> {
                        float[] sum = sums.get(parameter);
                        float[] values = array.toFloatArray();
                        for (int i = 0; i < sum.length; i++) {
                            sum[i] += values[i];
                        }
                    });
                }
                NDArray slice = owner.ones(new Shape(layout.slice()));
                buffer.reduceScatter(parameter -> view(own.get(parameter)), slice);
                for (FlatLayout.Fragment part : layout.fragments(rank)) {
                    float[] actual = part.ofFlat(slice, rank * layout.slice()).toFloatArray();
                    for (int i = 0; i < actual.length; i++) {
                        assertEquals(1 + sums.get(part.parameter())[(int) part.begin() + i], actual[i], 1e-6f, "added to what was there");
                    }
                }
                Map<Parameter, NDArray> reduced = draw(parameters, owner, rank);
                buffer.allReduce(parameter -> view(reduced.get(parameter)));
                reduced.forEach((parameter, array) -> assertArrayEquals(sums.get(parameter), array.toFloatArray(), 0));

                buffer.allGather(parameter -> view(own.get(parameter)));
                for (int other = 0; other < ranks; other++) {
                    Map<Parameter, NDArray> theirs = draw(parameters, owner, other);
                    for (FlatLayout.Fragment part : layout.fragments(other)) {
                        assertArrayEquals(part.of(theirs.get(part.parameter())).toFloatArray(),
                                part.of(own.get(part.parameter())).toFloatArray(), 0);
                    }
                }
            }
            return null;
        });
    }

    /** Another handle, which may be closed. */
    private static NDArray view(NDArray array) {
        return array.reshape(array.getShape());
    }

    @Test
    void theNormIsTheSameBitsForAnyNumberOfRanks() throws Exception {
        List<Parameter> parameters = parameters(SHAPES);
        Map<Parameter, NDArray> gradients = draw(parameters, manager, 3);
        double exact = 0;
        for (NDArray array : gradients.values()) {
            for (float value : array.toFloatArray()) {
                exact += (double) value * value;
            }
        }
        double one = GradientNorm.of(new FlatLayout(parameters, 1), new SingleProcess(), part -> part.of(gradients.get(part.parameter())));
        assertEquals(Math.sqrt(exact), one, 1e-12 * one);
        for (int ranks : new int[] {2, 3, 4, 8, 64}) {
            FlatLayout layout = new FlatLayout(parameters, ranks);
            for (double norm : TurnCollectives.run(ranks, collectives -> GradientNorm.of(layout, collectives,
                    part -> part.of(gradients.get(part.parameter()))))) {
                assertEquals(one, norm, ranks + " ranks");
            }
        }
    }
}
