package ai.spattention.olmoe.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.Device;
import ai.spattention.Precision;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.pass.PassFit.Wish;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.BigBirdRandom;
import ai.spattention.pattern.LongformerDilated;
import ai.spattention.pattern.LshSettings;
import ai.spattention.pattern.StandardPattern;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PassFitTest {

    private static final Wish WISH = new Wish(Precision.BFLOAT16, "auto", 200);

    private static final CudaTarget HOPPER = new CudaTarget(0, 90, 132, 232_448);

    private static OlmoeConfig.Builder served() {
        return OlmoeConfig.builder().setVocabSize(512).setHiddenSize(256).setIntermediateSize(128).setNumHiddenLayers(2)
                .setNumAttentionHeads(4).optNumKeyValueHeads(2).setNumExperts(16).setNumExpertsPerTok(4).setMaxPositionEmbeddings(512)
                .optPattern(StandardPattern.SP);
    }

    private static Optional<String> unsupported(UnaryOperator<OlmoeConfig.Builder> change) {
        return PassFit.unsupported(change.apply(served()).build(), WISH, HOPPER);
    }

    private static void assertReason(String reason, Optional<String> unsupported) {
        assertEquals(Optional.of(reason), unsupported);
    }

    @Test
    void whatFitsHasNoReason() {
        assertEquals(Optional.empty(), unsupported(config -> config));
        assertEquals(Optional.empty(), unsupported(config -> config.optTieWordEmbeddings(true).optNormTopkProb(true)));
        assertEquals(Optional.empty(), PassFit.unsupported(served().build(), new Wish(Precision.BFLOAT16, "fused", 1), HOPPER));
        assertEquals(Optional.empty(), unsupported(config -> config.setHiddenSize(4096).setNumAttentionHeads(32).optNumKeyValueHeads(32)
                .setIntermediateSize(4096).setNumExperts(256).setVocabSize(50304)));
        assertEquals(Optional.empty(), PassFit.unsupported(80));
    }

    /** All patterns of our own have a kernel at a length of theirs. */
    @ParameterizedTest
    @EnumSource(value = StandardPattern.class, names = {"CAUSAL", "SP", "EXCLUSIVE", "LOCAL", "GAPPED", "LONGFORMER", "BIGBIRD"})
    void patternsOfTheProjectFit(AttentionPattern pattern) {
        assertEquals(Optional.empty(), unsupported(config -> config.optPattern(pattern)));
    }

    @Test
    void everyReasonSaysWhatItSaw() {
        assertReason("the device is no GPU (got cpu)", PassFit.unsupported(served().build(), WISH, PassDevice.of(Device.cpu())));
        assertReason("the GPU's compute capability is below 8.0 (got 7.5)", PassFit.unsupported(75));
        OlmoeConfig config = served().build();
        assertReason("precision is not bfloat16 (got float32)", PassFit.unsupported(config, new Wish(Precision.FLOAT32, "auto", 200), HOPPER));
        assertReason("model.kernel asks for another attention (got tiled)",
                PassFit.unsupported(config, new Wish(Precision.BFLOAT16, "tiled", 200), HOPPER));
        assertReason("there is dropout (got attention_dropout 0.5)", unsupported(builder -> builder.optAttentionDropout(0.5f)));
        assertReason("queries, keys and values are clamped (got clip_qkv 8.0)", unsupported(builder -> builder.optClipQkv(8f)));
        assertReason("projections have biases (attention_bias)", unsupported(builder -> builder.optAttentionBias(true)));
        assertReason("the head dimension is none of 32, 64, 128 and 256 (got 16)",
                unsupported(builder -> builder.setNumAttentionHeads(16).optNumKeyValueHeads(16)));
        assertReason("there are more than 256 experts (got 257)", unsupported(builder -> builder.setNumExperts(257)));
        assertReason("the vocabulary is no multiple of 8 (got 257)", unsupported(builder -> builder.setVocabSize(257)));
        assertReason("the hidden size is no multiple of 64 up to 4096 (got 8192)",
                unsupported(builder -> builder.setHiddenSize(8192).setNumAttentionHeads(32).optNumKeyValueHeads(16)));
        assertReason("the hidden size is no multiple of 64 up to 4096 (got 96)",
                unsupported(builder -> builder.setHiddenSize(96).setNumAttentionHeads(3).optNumKeyValueHeads(3)));
        assertReason("the experts' width is no multiple of 64 up to 4096 (got 100)", unsupported(builder -> builder.setIntermediateSize(100)));
        assertReason("the width of all keys is no multiple of 64 up to 4096 (got 32)",
                unsupported(builder -> builder.setHiddenSize(128).optNumKeyValueHeads(1)));
        Optional<String> reformer = unsupported(builder -> builder.optPattern(StandardPattern.REFORMER));
        assertEquals(Optional.of("no kernel computes attention by the pattern reformer: "), reformer.map(reason -> reason.substring(0, 54)));
        assertReason("no kernel computes attention by the pattern lsh: pattern 'lsh' depends on the tokens, and kernels compute by masks:"
                + " SpAttentionBlock computes it by hashing", unsupported(builder -> builder.optNumKeyValueHeads(4).optPattern(new LshSettings())));
        assertReason("no kernel computes attention by the pattern bigbird-random: a head sees blocks of keys at no fixed distances",
                unsupported(builder -> builder.optPattern(new BigBirdRandom())));
        assertReason("no kernel computes attention by the pattern longformer-dilated: a head sees strided distances that end (a dilated"
                + " window)", unsupported(builder -> builder.optPattern(new LongformerDilated())));
        LayerPatterns mixed = new LayerPatterns(List.of(StandardPattern.SP, StandardPattern.REFORMER));
        assertEquals(reformer, unsupported(builder -> builder.optPatterns(mixed)), "one layer of many");
    }

    @Test
    void theGpusSharedMemoryIsAsked() {
        OlmoeConfig config = served().setNumAttentionHeads(1).optNumKeyValueHeads(1).build();
        assertEquals(256, config.headDim());
        assertEquals(Optional.empty(), PassFit.unsupported(config, WISH, new CudaTarget(0, 86, 84, 101_376)));
        assertReason("no kernel computes attention by the pattern sp: its code for head dimension 256 takes 81920 bytes of shared memory a block"
                + " (this GPU has 65536)", PassFit.unsupported(config, WISH, new CudaTarget(0, 86, 84, 65_536)));
    }
}
