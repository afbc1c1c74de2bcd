package ai.spattention.train.loop.setup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.olmoe.pass.Kept;
import ai.spattention.olmoe.pass.PassDevice;
import ai.spattention.olmoe.pass.PassShape;
import ai.spattention.olmoe.pass.TrainingPass;
import ai.spattention.train.SmallData;
import ai.spattention.train.config.ActivationCheckpointing;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.optim.SectionShares;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PassChoiceTest {

    private static final long H200 = 139L << 30;
    private static final long ELEMENTS = 6_919_161_856L;
    private static final long MOMENTS = 8 * ELEMENTS + 4 * 1_220_001L; // with the learning rates

    private static RunConfig config(String... overrides) {
        return SmallData.config(Path.of("data"), overrides);
    }

    @Test
    void aProcessorRunsBlocksAndTheChoiceSaysWhy() {
        assertEquals("blocks, because the device is no GPU (got cpu)", PassChoice.of(config(), Device.cpu()).toString());
        assertEquals("blocks, as training.pass says", PassChoice.of(config("training.pass=blocks"), Device.cpu()).toString());
    }

    @Test
    void aPlanThatCannotBeIsRefused() {
        assertEquals("training.pass=plan is asked for, but passes cannot run as a plan: the device is no GPU (got cpu): change that, or"
                + " set training.pass=auto", assertThrows(InvalidInputException.class,
                        () -> PassChoice.of(config("training.pass=plan"), Device.cpu())).getMessage());
    }

    @Test
    void aPlanSaysHowItIsStarted() {
        PassDevice gpu = gpu(1L << 40);
        assertEquals("plan (CUDA graph)", PassChoice.of(planned(), gpu, false, 1).toString());
        assertEquals("plan (launch by launch)", PassChoice.of(planned("training.cuda_graph=off"), gpu, false, 1).toString());
        assertEquals(TrainingPass.Start.LAUNCHES, PassChoice.of(config("training.cuda_graph=off"), Device.cpu()).start());
        assertEquals(TrainingPass.Start.GRAPH, PassChoice.of(config(), Device.cpu()).start());
        assertEquals("blocks, because precision is not bfloat16 (got float32)", PassChoice.of(config(), gpu, false, 1).toString());
        assertEquals("blocks, because it is too old", PassChoice.of(planned(), gpu(1L << 40, "it is too old"), false, 1).toString());
    }

    @Test
    void onlyFurtherMicroBatchesAddToGradients() {
        assertEquals(List.of(new PassShape(4, 48, false, false, Kept.ALL)), PassChoice.shapes(config(), Kept.ALL, 1));
        assertEquals(List.of(new PassShape(4, 48, true, false, Kept.INPUTS), new PassShape(4, 48, true, true, Kept.INPUTS)),
                PassChoice.shapes(config("training.gradient_accumulation_steps=3", "data.document_mask=true"), Kept.INPUTS, 1));
        RunConfig four = config("training.gradient_accumulation_steps=4", "distributed.shard=gradients");
        assertEquals(List.of(2, 1, 1), Stream.of(PassChoice.shapes(config("training.gradient_accumulation_steps=4"), Kept.ALL, 2),
                PassChoice.shapes(four, Kept.ALL, 4), PassChoice.shapes(four, Kept.ALL, 2)).map(List::size).toList());
    }

    /** A GPU that is made up. */
    private static PassDevice gpu(long freeBytes, String... reasons) {
        return new PassDevice() {
            @Override
            public Optional<String> unsupported() {
                return Stream.of(reasons).findFirst();
            }

            @Override
            public CudaTarget target() {
                return new CudaTarget(0, 90, 132, 232_448);
            }

            @Override
            public OptionalLong freeBytes() {
                return OptionalLong.of(freeBytes);
            }
        };
    }

    /** The large preset, whose exact figures are those of PassMemoryTest. */
    private static RunConfig planned(String... overrides) {
        List<String> all = new ArrayList<>(List.of("optimizer.state_precision=float32"));
        all.addAll(List.of(overrides));
        return RunConfigLoader.load(ConfigSource.of("olmoe-1b-7b"), all);
    }

    private static CheckpointingChoice choice(RunConfig run, long freeBytes) {
        return PassChoice.of(run, gpu(freeBytes), false, 1).checkpointing();
    }

    private static String refused(RunConfig run, PassDevice gpu) {
        String message = assertThrows(InvalidInputException.class, () -> PassChoice.of(run, gpu, false, 1)).getMessage();
        assertEquals(1, message.lines().count());
        return message;
    }

    /** Eight processes keep an eighth of the moments each, so that more of the layers can stay. */
    @Test
    void processesThatShareTheMomentsKeepMoreOfTheLayers() {
        RunConfig run = planned("training.micro_batch=4");
        MemoryEstimate alone = choice(run, H200).memory();
        MemoryEstimate of8 = PassChoice.of(run, gpu(H200), false, 8).checkpointing().memory();
        long others = 16 * (64 * 2048 + 4 * 2048) + 2048; // routers and norms
        long matrices = (ELEMENTS - others + SectionShares.cut(8) - 1) / SectionShares.cut(8) * SectionShares.cut(8);
        assertEquals(List.of(4 * (matrices + others), 4 * (matrices + others), MOMENTS - 8 * ELEMENTS + 8 * (matrices / 8 + others),
                alone.activations()), List.of(of8.weights(), of8.gradients(), of8.optimizer(), of8.activations()));
        assertEquals(alone, PassChoice.of(planned("training.micro_batch=4", "distributed.shard=none"), gpu(H200), false, 8).checkpointing()
                .memory());
        MemoryEstimate passing = PassChoice.of(planned("training.micro_batch=4", "distributed.shard=gradients"), gpu(H200), false, 8).checkpointing()
                .memory();
        long layer = 4 * 2048 * 2048 + 64 * 3 * 2048 * 1024;
        assertEquals(4 * (2 * layer + matrices / 8 + 2 * others), passing.gradients(), 8.0 * SectionShares.cut(8),
                "two layers up to a cut each, an eighth of the matrices' sums, the others and their sums");
        assertEquals(List.of(of8.weights(), of8.optimizer()), List.of(passing.weights(), passing.optimizer()));
        MemoryEstimate blocks = PassChoice.of(config(), gpu(H200), false, 1).checkpointing().memory();
        assertEquals(blocks.gradients() + blocks.gradients() / 4, PassChoice.of(config(), gpu(H200), false, 4).checkpointing().memory()
                .gradients(), 1);
    }

    @Test
    void theFastestThatFitsIsTaken() {
        CheckpointingChoice four = choice(planned("training.micro_batch=4"), H200);
        assertEquals(ActivationCheckpointing.NONE, four.mode());
        assertEquals(Kept.ALL, four.kept());
        assertEquals(List.of(4 * ELEMENTS, 4 * ELEMENTS, MOMENTS),
                List.of(four.memory().weights(), four.memory().gradients(), four.memory().optimizer()));
        assertFalse(four.givesBackBetweenSteps());
        CheckpointingChoice eight = choice(planned("training.micro_batch=8"), H200);
        assertEquals(ActivationCheckpointing.SELECTIVE, eight.mode());
        assertTrue(eight.givesBackBetweenSteps(), "validation has no room beside a pass");
        long total = eight.memory().total();
        assertEquals(16 * ELEMENTS + 4 * 1_220_001L + eight.memory().activations(), total);
        assertEquals(String.format(Locale.ROOT, "selective, the fastest that fits: %,d bytes of GPU memory at most, and 1,073,741,824 for"
                + " CUDA itself, of 149,250,113,536 that are free; passes give their memory back while the model is validated,"
                + " sampled and saved", total),
                eight.toString());
        assertEquals(ActivationCheckpointing.FULL, choice(planned("training.micro_batch=8"), 130L << 30).mode());
        // to the byte
        long needed = total + MemoryEstimate.RESERVE_BYTES;
        assertEquals(ActivationCheckpointing.SELECTIVE, choice(planned("training.micro_batch=8"), needed).mode());
        assertEquals(ActivationCheckpointing.FULL, choice(planned("training.micro_batch=8"), needed - 1).mode());
    }

    /** What docs/benchmarks.md says of four sequences, without an optimizer. */
    @Test
    void aSelectivePassAloneTakesLessThan75Gigabytes() {
        CheckpointingChoice alone = PassChoice.of(planned("training.activation_checkpointing=selective"), gpu(H200), true, 1).checkpointing();
        assertEquals(0, alone.memory().optimizer());
        assertTrue(alone.memory().total() + MemoryEstimate.RESERVE_BYTES < 75_000_000_000L, alone.toString());
    }

    @Test
    void aChoiceThatIsMadeStays() {
        for (ActivationCheckpointing mode : List.of(ActivationCheckpointing.NONE, ActivationCheckpointing.SELECTIVE, ActivationCheckpointing.FULL)) {
            CheckpointingChoice choice = choice(planned("training.micro_batch=1", "training.activation_checkpointing=" + mode), H200);
            assertEquals(mode, choice.mode());
            assertTrue(choice.toString().startsWith(mode + ", as training.activation_checkpointing says: "), choice.toString());
        }
    }

    @Test
    void whatDoesNotFitIsRefusedWithWhatWould() {
        String pass = refused(planned("training.micro_batch=8", "training.activation_checkpointing=none"), gpu(H200));
        assertTrue(pass.matches("the run needs [0-9,]+ bytes of GPU memory, but only 149,250,113,536 are free: weights 27,676,647,424, gradients"
                + " 27,676,647,424, moments 55,358,174,852, a planned pass with activation checkpointing none 39,[0-9,]+, CUDA itself"
                + " 1,073,741,824: set training.activation_checkpointing=selective \\(147,[0-9,]+ bytes\\), or set"
                + " training.activation_checkpointing=full \\(124,[0-9,]+ bytes\\), or set optimizer.state_precision=bfloat16, which halves"
                + " the moments, or lower training.micro_batch \\(raise training.gradient_accumulation_steps to keep the batch\\) or"
                + " data.sequence_length"), pass);
        String moments = refused(planned(), gpu(100L << 30));
        assertTrue(moments.contains(": set optimizer.state_precision=bfloat16, which halves the moments, or lower training.micro_batch"), moments);
        String between = refused(planned("optimizer.state_precision=bfloat16"), gpu(80L << 30));
        assertTrue(between.contains("what comes between steps at most 9,") && between.contains(": lower training.micro_batch"), between);
        String weights = refused(planned("training.micro_batch=1"), gpu(60L << 30));
        assertTrue(weights.endsWith(": weights, gradients and moments alone do not fit: take a smaller model or a GPU with more memory"), weights);
        String tokens = refused(planned("training.micro_batch=2000000", "training.gradient_accumulation_steps=1"), gpu(H200));
        assertTrue(tokens.startsWith("a pass over 8,192,000,000 tokens keeps 1,073,741,824,000,000 bytes of GPU memory at the least, but only"),
                tokens);
    }

    @Test
    void blocksKnowNoneAndFull() {
        assertEquals("none, the fastest", PassChoice.of(config(), Device.cpu()).checkpointing().toString());
        assertEquals("full, as training.activation_checkpointing says",
                PassChoice.of(config("training.activation_checkpointing=full"), Device.cpu()).checkpointing().toString());
        assertEquals("full, for selective is known to planned passes only",
                PassChoice.of(config("training.activation_checkpointing=selective"), Device.cpu()).checkpointing().toString());
        assertEquals(ActivationCheckpointing.NONE, choice(planned("training.pass=blocks"), H200).mode());
        assertEquals(ActivationCheckpointing.FULL, choice(planned("training.pass=blocks", "training.micro_batch=16"), H200).mode());
        assertEquals(ActivationCheckpointing.NONE,
                choice(planned("training.pass=blocks", "training.micro_batch=16", "model.attention_dropout=0.1"), H200).mode());
        String message = refused(planned("training.pass=blocks"), gpu(100L << 30));
        assertTrue(message.contains("a pass by blocks, roughly") && message.contains("optimizer.state_precision=bfloat16"), message);
        // logits alone are what is too much
        RunConfig small = config("training.pass=blocks", "model.vocab_size=1000000", "training.micro_batch=64");
        assertEquals(ActivationCheckpointing.NONE, choice(small, 6L << 30).mode());
        assertTrue(refused(small, gpu(4L << 30)).startsWith("the run needs "));
    }
}
