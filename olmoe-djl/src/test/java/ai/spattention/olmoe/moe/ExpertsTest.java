package ai.spattention.olmoe.moe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.nn.SeededNormal;
import ai.spattention.segment.SegmentTape;
import ai.spattention.segment.Segments;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Dropless experts against the obvious computation, values and gradients, in double precision. */
class ExpertsTest {

    private static final int D = 6;
    private static final int I = 5;

    /** The experts of each token; the router's choice is free here, so that every unevenness can be had. */
    private record Case(String name, int experts, long[][] chosen) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Case> cases() {
        return Stream.of(
                new Case("one expert", 1, new long[][] {{0}, {0}, {0}}),
                new Case("one token", 4, new long[][] {{2, 1}}),
                new Case("every expert", 3, new long[][] {{0, 1, 2}, {2, 0, 1}, {1, 2, 0}, {2, 1, 0}}),
                new Case("all to one expert", 5, new long[][] {{3}, {3}, {3}, {3}}),
                new Case("empty experts at both ends", 6, new long[][] {{2, 3}, {3, 2}, {2, 4}}),
                new Case("empty expert in the middle", 4, new long[][] {{0, 3}, {3, 1}, {1, 0}}),
                new Case("uneven", 7, uneven(41, 7, 3)));
    }

    private static long[][] uneven(int tokens, int experts, int topK) {
        return IntStream.range(0, tokens).mapToObj(token -> IntStream.range(0, topK)
                .mapToLong(slot -> (token * token / 3 + slot * (1 + token % 2)) % experts).toArray())
                .toArray(long[][]::new);
    }

    private static NDArray random(NDManager manager, long seed, DataType type, long... shape) {
        NDArray array = new SeededNormal(seed, 0.7).initialize(manager, new Shape(shape), type);
        array.setRequiresGradient(true);
        return array;
    }

    /** The result and the gradients of Σ result · direction with respect to the leaves. */
    private static List<NDArray> differentiate(List<NDArray> leaves, NDArray direction, Function<List<NDArray>, NDArray> f) {
        return differentiate(leaves, direction, f, null);
    }

    private static List<NDArray> differentiate(List<NDArray> leaves, NDArray direction, Function<List<NDArray>, NDArray> f,
            SegmentTape tape) {
        List<NDArray> results = new ArrayList<>();
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDArray result = f.apply(leaves);
            collector.backward(result.mul(direction).sum());
            if (tape != null) {
                tape.backward();
            }
            results.add(result.stopGradient());
        }
        for (NDArray leaf : leaves) {
            results.add(leaf.getGradient().duplicate());
            leaf.getGradient().subi(leaf.getGradient());
        }
        return results;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreeWithReference(Case given) {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            int tokens = given.chosen.length;
            NDArray chosen = manager.create(Stream.of(given.chosen).flatMapToLong(LongStream::of).toArray(),
                    new Shape(tokens, given.chosen[0].length));
            List<NDArray> leaves = List.of(
                    random(manager, 1, DataType.FLOAT64, tokens, D),
                    random(manager, 2, DataType.FLOAT64, given.experts, 2 * I, D),
                    random(manager, 3, DataType.FLOAT64, given.experts, D, I),
                    random(manager, 4, DataType.FLOAT64, tokens, given.chosen[0].length));
            NDArray direction = random(manager, 5, DataType.FLOAT64, tokens, D);
            List<NDArray> expected = differentiate(leaves, direction, x ->
                    ReferenceExperts.apply(x.get(0), x.get(1), x.get(2), chosen, x.get(3)));
            assertClose(expected, differentiate(leaves, direction, x -> run(Segments.engine(), manager, given, chosen, x)));
            try (SegmentTape tape = new SegmentTape(manager)) { // the backward pass of their own
                assertClose(expected, differentiate(leaves, direction, x -> run(tape, manager, given, chosen, x), tape));
            }
        }
    }

    private static NDArray run(Segments segments, NDManager manager, Case given, NDArray chosen, List<NDArray> x) {
        Experts experts = new Experts(given.experts, I);
        experts.getGateUpProjection().setInitializer((m, shape, type) -> x.get(1));
        experts.getDownProjection().setInitializer((m, shape, type) -> x.get(2));
        experts.initialize(manager, DataType.FLOAT64, x.get(0).getShape());
        return experts.apply(new ParameterStore(manager, false), segments, x.get(0), chosen, x.get(3), true);
    }

    private static void assertClose(List<NDArray> expected, List<NDArray> actual) {
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i).getShape(), actual.get(i).getShape());
            double difference = actual.get(i).sub(expected.get(i)).abs().max().getDouble();
            assertTrue(difference < 1e-12, "array " + i + " differs by " + difference);
        }
    }

    @Test
    void tokensDoNotDependOnTheirNeighbours() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            MoeBlock block = MoeBlock.of(8, 16, 2, true);
            block.setInitializer(new SeededNormal(3, 0.5), parameter -> true);
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 64, 32));
            ParameterStore store = new ParameterStore(manager, false);
            NDArray input = random(manager, 6, DataType.FLOAT32, 2, 32, 32).stopGradient();
            NDArray whole = block.forward(store, new NDList(input), false).get(0).get(new NDIndex("1:, 5:12"));
            NDArray part = block.forward(store, new NDList(input.get(new NDIndex("1:, 5:12"))), false).get(0);
            float difference = part.sub(whole).norm().getFloat() / whole.norm().getFloat();
            assertTrue(difference < 1e-6, "differs by " + difference);
        }
    }

    @Test
    void oneExpertIsAFeedForwardLayer() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            MoeBlock block = MoeBlock.of(1, I, 1, false);
            block.setInitializer(new SeededNormal(3, 0.5), parameter -> true);
            block.initialize(manager, DataType.FLOAT64, new Shape(1, 3, D));
            NDArray input = random(manager, 7, DataType.FLOAT64, 1, 3, D).stopGradient();
            NDArray actual = block.forward(new ParameterStore(manager, false), new NDList(input), false).get(0);
            double[] x = input.toDoubleArray();
            double[] gateUp = block.getExperts().getGateUpProjection().getArray().toDoubleArray();
            double[] down = block.getExperts().getDownProjection().getArray().toDoubleArray();
            double[] expected = new double[x.length];
            for (int token = 0; token < 3; token++) {
                for (int inner = 0; inner < I; inner++) {
                    double gate = 0;
                    double up = 0;
                    for (int d = 0; d < D; d++) {
                        gate += gateUp[inner * D + d] * x[token * D + d];
                        up += gateUp[(I + inner) * D + d] * x[token * D + d];
                    }
                    for (int d = 0; d < D; d++) {
                        expected[token * D + d] += down[d * I + inner] * gate / (1 + Math.exp(-gate)) * up;
                    }
                }
            }
            assertArrayEquals(expected, actual.toDoubleArray(), 1e-12);
        }
    }

    @Test
    void savedParametersLoadIntoANewBlock() throws Exception {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            MoeBlock saved = MoeBlock.of(4, I, 2, true);
            saved.initialize(manager, DataType.FLOAT32, new Shape(1, 3, D));
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            saved.saveParameters(new DataOutputStream(bytes));
            MoeBlock loaded = MoeBlock.of(4, I, 2, true);
            loaded.loadParameters(manager, new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
            NDList input = new NDList(random(manager, 8, DataType.FLOAT32, 1, 3, D).stopGradient());
            ParameterStore store = new ParameterStore(manager, false);
            assertArrayEquals(saved.forward(store, input, false).get(0).toFloatArray(),
                    loaded.forward(store, input, false).get(0).toFloatArray());
            MoeBlock other = MoeBlock.of(4, I, 1, false);
            assertEquals("the saved block has 4 experts of width 5, of which a token takes 2 with weights divided by their sum;"
                            + " this one has 4 experts of width 5, of which a token takes 1 with weights as they are",
                    assertThrows(MalformedModelException.class, () -> other.loadParameters(manager,
                            new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())))).getMessage());
        }
    }

    @Test
    void rejectsSizesBelowOne() {
        assertEquals("the number of experts and their width must be at least 1 (got 0 and 4)",
                assertThrows(InvalidInputException.class, () -> new Experts(0, 4)).getMessage());
    }
}
