package ai.spattention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.auto.AutoKernel;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.attention.engine.TiledKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.StandardPattern;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The block in the place of DJL's: the same weights, inputs and masks give the same outputs and gradients. */
class SwapTest {

    private static final int DIM = 24;
    private static final int LENGTH = 11;

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private final ParameterStore store = new ParameterStore(manager, false);

    @BeforeEach
    void seed() {
        manager.getEngine().setRandomSeed(7);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private ScaledDotProductAttentionBlock theirs(int dim, int heads) {
        ScaledDotProductAttentionBlock block = ScaledDotProductAttentionBlock.builder().setEmbeddingSize(dim)
                .setHeadCount(heads).optAttentionProbsDropoutProb(0).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(1, LENGTH, dim));
        for (Linear projection : List.of(block.getQueryProjection(), block.getKeyProjection(), block.getValueProjection(),
                block.getResultProjection())) { // a bias of zeros would hide a mistake
            NDArray bias = projection.getDirectParameters().get("bias").getArray();
            manager.randomNormal(bias.getShape()).copyTo(bias);
        }
        return block;
    }

    private static SpAttentionBlock.Builder swapped(int dim, int heads) {
        return SpAttentionBlock.builder().setEmbeddingSize(dim).setHeadCount(heads).optAttentionProbsDropoutProb(0)
                .setPattern(StandardPattern.CAUSAL).optBias(true);
    }

    private SpAttentionBlock ours(ScaledDotProductAttentionBlock theirs, int heads, AttentionKernel kernel) {
        SpAttentionBlock block = swapped(DIM, heads).optKernel(kernel).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(1, LENGTH, DIM));
        block.copyParameters(theirs);
        return block;
    }

    /** [B, T, F], 1 where a query, one of the last T positions, may see a key. */
    private NDArray causal(int batch, int queries, int keys) {
        NDArray key = manager.arange(keys).reshape(1, 1, keys);
        NDArray query = manager.arange(keys - queries, keys).reshape(1, queries, 1);
        return key.lte(query).repeat(0, batch).toType(DataType.FLOAT32, false);
    }

    /** Outputs by the loss's weights, and gradients of what goes in and of every parameter. */
    private Map<String, NDArray> results(Block block, Map<String, Linear> projections, NDList inputs, NDList mask, NDArray direction) {
        Map<String, NDArray> results = new LinkedHashMap<>();
        NDList leaves = new NDList();
        inputs.forEach(input -> leaves.add(input.duplicate()));
        leaves.forEach(leaf -> leaf.setRequiresGradient(true));
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            collector.zeroGradients();
            NDArray output = block.forward(store, new NDList(leaves).addAll(mask), true).singletonOrThrow();
            collector.backward(output.mul(direction).sum());
            results.put("output", output.duplicate());
        }
        for (int i = 0; i < leaves.size(); i++) {
            results.put("gradient of input " + i, leaves.get(i).getGradient().duplicate());
        }
        projections.forEach((name, projection) -> projection.getDirectParameters().forEach(parameter -> results.put(
                "gradient of the " + name + " " + parameter.getKey(), parameter.getValue().getArray().getGradient().duplicate())));
        return results;
    }

    private void assertAgree(ScaledDotProductAttentionBlock theirs, SpAttentionBlock ours, NDList inputs, NDList theirMask,
            NDList ourMask, NDArray direction) {
        Map<String, NDArray> expected = results(theirs, Map.of("query", theirs.getQueryProjection(), "key", theirs.getKeyProjection(),
                "value", theirs.getValueProjection(), "result", theirs.getResultProjection()), inputs, theirMask, direction);
        Map<String, NDArray> actual = results(ours, Map.of("query", ours.getQueryProjection(), "key", ours.getKeyProjection(),
                "value", ours.getValueProjection(), "result", ours.getOutputProjection()), inputs, ourMask, direction);
        assertEquals(expected.keySet().size(), 1 + inputs.size() + 8);
        expected.forEach((what, array) -> {
            // where an output is not part of the loss, it is not part of the comparison
            NDArray theirArray = what.equals("output") ? array.mul(direction) : array;
            NDArray ourArray = what.equals("output") ? actual.get(what).mul(direction) : actual.get(what);
            // float32's rounding, as much where a gradient is zero by definition: that of the keys' bias
            double tolerance = what.equals("output") ? 1e-5 : 5e-5;
            float worst = theirArray.sub(ourArray).abs().max().getFloat() / Math.max(1, theirArray.abs().max().getFloat());
            assertTrue(worst <= tolerance, what + " differs by " + worst);
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 3", "4, 1", "4, 3"})
    void outputsAndGradientsAreThoseOfTheBlockOfDjlUnderACausalMask(int heads, int batch) {
        ScaledDotProductAttentionBlock theirs = theirs(DIM, heads);
        NDArray x = manager.randomNormal(new Shape(batch, LENGTH, DIM));
        NDArray causal = causal(batch, LENGTH, LENGTH);
        NDArray direction = manager.randomNormal(x.getShape());
        for (AttentionKernel kernel : List.of(new AutoKernel(), new MaskedKernel(), new TiledKernel(4))) {
            SpAttentionBlock ours = ours(theirs, heads, kernel);
            assertAgree(theirs, ours, new NDList(x), new NDList(causal), new NDList(), direction);
            assertAgree(theirs, ours, new NDList(x), new NDList(causal), new NDList(causal), direction);
        }
    }

    @Test
    void keysAndValuesOfAnotherLengthThanTheQueriesAreTaken() {
        ScaledDotProductAttentionBlock theirs = theirs(DIM, 4);
        SpAttentionBlock ours = ours(theirs, 4, new AutoKernel());
        NDArray keys = manager.randomNormal(new Shape(2, LENGTH, DIM));
        NDArray queries = manager.randomNormal(new Shape(2, 5, DIM));
        NDArray values = manager.randomNormal(new Shape(2, LENGTH, DIM));
        NDArray causal = causal(2, 5, LENGTH);
        NDList inputs = new NDList(keys, queries, values);
        assertAgree(theirs, ours, inputs, new NDList(causal), new NDList(), manager.randomNormal(queries.getShape()));
        assertAgree(theirs, ours, inputs, new NDList(causal), new NDList(causal), manager.randomNormal(queries.getShape()));
    }

    /** DJL's users spread a padding mask [B, F] over all queries; here the mask itself, or the lengths, do as well. */
    @ParameterizedTest
    @EnumSource(value = DataType.class, names = {"FLOAT32", "INT32", "INT64", "BOOLEAN"})
    void oneKeepsAndZeroMasks(DataType type) {
        ScaledDotProductAttentionBlock theirs = theirs(DIM, 4);
        SpAttentionBlock ours = ours(theirs, 4, new AutoKernel());
        NDArray x = manager.randomNormal(new Shape(2, LENGTH, DIM));
        NDArray lengths = manager.create(new int[] {LENGTH, 7});
        NDArray padding = manager.arange(LENGTH).reshape(1, LENGTH).lt(lengths.reshape(2, 1)).toType(DataType.FLOAT32, false);
        NDArray pairs = causal(2, LENGTH, LENGTH).mul(padding.reshape(2, 1, LENGTH));
        NDArray direction = manager.randomNormal(x.getShape()).mul(padding.reshape(2, LENGTH, 1)); // what padding gives is not looked at
        NDList theirMask = new NDList(pairs.toType(type, true));
        for (NDArray mask : new NDArray[] {pairs.toType(type, true), padding.reshape(2, 1, LENGTH).repeat(1, LENGTH).toType(type, true),
            padding.toType(type, true), lengths}) {
            assertAgree(theirs, ours, new NDList(x), theirMask, new NDList(mask), direction);
        }
    }

    /** As DJL's BertBlock hands its mask down, and what a mask of ones and zeros cannot say: how far away a key is. */
    @Test
    void aMaskInFourAxesIsAddedToTheScores() {
        ScaledDotProductAttentionBlock theirs = theirs(DIM, 4);
        SpAttentionBlock ours = ours(theirs, 4, new AutoKernel());
        NDArray x = manager.randomNormal(new Shape(2, LENGTH, DIM));
        NDArray future = causal(2, LENGTH, LENGTH).sub(1).mul(100_000).reshape(2, 1, LENGTH, LENGTH);
        NDArray direction = manager.randomNormal(x.getShape());
        NDArray padding = manager.zeros(new Shape(2, 1, 1, LENGTH));
        padding.set(new NDIndex("1, :, :, 8:"), Float.NEGATIVE_INFINITY);
        for (NDArray offsets : new NDArray[] {future, padding, manager.randomNormal(new Shape(2, 4, LENGTH, LENGTH)),
            manager.randomNormal(new Shape(1, 4, 1, LENGTH)), manager.randomNormal(new Shape(1, 1, LENGTH, LENGTH))}) {
            assertAgree(theirs, ours, new NDList(x), new NDList(offsets.add(future)), new NDList(offsets), direction);
            assertAgree(theirs, ours, new NDList(x, x, x), new NDList(offsets.add(future)), new NDList(offsets.add(future)), direction);
        }
    }

    @Test
    void weightsGoBackToTheBlockOfDjl() {
        ScaledDotProductAttentionBlock theirs = theirs(DIM, 4);
        SpAttentionBlock ours = ours(theirs(DIM, 4), 4, new AutoKernel());
        NDArray x = manager.randomNormal(new Shape(2, LENGTH, DIM));
        NDArray causal = causal(2, LENGTH, LENGTH);
        NDArray output = ours.forward(store, new NDList(x), false).head();
        assertFalse(output.allClose(theirs.forward(store, new NDList(x, causal), false).head(), 1e-4, 1e-4, false), "not yet");
        ours.copyParametersTo(theirs);
        assertTrue(output.allClose(theirs.forward(store, new NDList(x, causal), false).head(), 1e-5, 1e-5, false));
        SpAttentionBlock sp = swapped(DIM, 4).setPattern(StandardPattern.SP).build();
        assertEquals("DJL's block computes what this one does for the pattern causal only (got sp): keep this block, or train DJL's"
                + " from its own weights", assertThrows(InvalidInputException.class, () -> sp.copyParametersTo(theirs)).getMessage());
    }

    @Test
    void aQueryWhoseKeysAreAllHiddenSeesNothing() {
        ScaledDotProductAttentionBlock theirs = theirs(DIM, 4);
        SpAttentionBlock ours = ours(theirs, 4, new AutoKernel());
        NDArray x = manager.randomNormal(new Shape(1, LENGTH, DIM));
        NDArray mask = manager.ones(new Shape(1, LENGTH, LENGTH));
        mask.set(new NDIndex(":, 4"), 0f);
        NDArray bias = theirs.getResultProjection().getDirectParameters().get("bias").getArray();
        assertEquals(bias, ours.forward(store, new NDList(x, mask), false).head().get(0, 4));
    }

    @Test
    void theCopyIsOfItsOwn() {
        ScaledDotProductAttentionBlock theirs = theirs(DIM, 4);
        SpAttentionBlock ours = ours(theirs, 4, new AutoKernel());
        NDArray x = manager.randomNormal(new Shape(1, LENGTH, DIM));
        NDArray before = ours.forward(store, new NDList(x), false).head();
        theirs.getParameters().values().forEach(parameter -> parameter.getArray().muli(2));
        assertEquals(before, ours.forward(store, new NDList(x), false).head());
        theirs.clear();
        assertEquals(before, ours.forward(store, new NDList(x), false).head());
    }

    @Test
    void refusesWeightsThatDoNotFit() {
        ScaledDotProductAttentionBlock theirs = theirs(DIM, 4);
        for (SpAttentionBlock other : List.of(swapped(DIM, 4).optBias(false).build(), swapped(DIM, 4).optNumKvHeads(2).build(),
                swapped(DIM, 4).optRotaryEmbedding(10_000).build(), swapped(DIM, 4).optQueryKeyNorm(1e-5f).build(),
                swapped(DIM, 4).optClipQkv(1).build())) {
            other.initialize(manager, DataType.FLOAT32, new Shape(1, LENGTH, DIM));
            String message = refusal(other, theirs);
            assertTrue(message.startsWith("weights of DJL's block fit a block with bias, as many key/value heads as heads, and no rotary"
                    + " embedding, query/key normalisation or clipping (got model dimension 24, number of heads 4, "), message);
        }
        SpAttentionBlock wider = swapped(32, 4).build();
        wider.initialize(manager, DataType.FLOAT32, new Shape(1, LENGTH, 32));
        NDArray before = wider.getQueryProjection().getDirectParameters().get("weight").getArray().duplicate();
        assertEquals("DJL's block has a weight (24, 24), this one (32, 32): give both the same embedding size and number of heads",
                refusal(wider, theirs));
        assertEquals(before, wider.getQueryProjection().getDirectParameters().get("weight").getArray());
        assertEquals("weights are copied between blocks that have been initialized or loaded (got a block without weights):"
                + " initialize it first", refusal(swapped(DIM, 4).build(), theirs));
        assertEquals("weights are copied between blocks that have been initialized or loaded (got a block of DJL without weights):"
                + " initialize it first", refusal(ours(theirs, 4, new AutoKernel()),
                ScaledDotProductAttentionBlock.builder().setEmbeddingSize(DIM).setHeadCount(4).build()));
    }

    private static String refusal(SpAttentionBlock ours, ScaledDotProductAttentionBlock theirs) {
        return assertThrows(InvalidInputException.class, () -> ours.copyParameters(theirs)).getMessage();
    }
}
