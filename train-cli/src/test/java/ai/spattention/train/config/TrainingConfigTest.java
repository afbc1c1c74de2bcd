package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingConfigTest {

    private static final TrainingConfig DEFAULTS = new TrainingConfig(100, 4, 1, 1.0, 0.01, 0.001, ActivationCheckpointing.AUTO,
            PassMode.AUTO, GraphMode.AUTO, null);

    @Test
    void defaults() {
        assertEquals(DEFAULTS, ConfigFiles.load().training());
    }

    @Test
    void everyKey() {
        TrainingConfig changed = ConfigFiles.load(
                "training.steps=200",
                "training.micro_batch=2",
                "training.gradient_accumulation_steps=3",
                "training.max_grad_norm=0",
                "training.load_balancing_loss_weight=0.5",
                "training.router_z_loss_weight=0.25",
                "training.activation_checkpointing=selective",
                "training.pass=blocks",
                "training.cuda_graph=off",
                "training.peak_tflops=989").training();
        assertEquals(new TrainingConfig(200, 2, 3, 0, 0.5, 0.25, ActivationCheckpointing.SELECTIVE, PassMode.BLOCKS, GraphMode.OFF, 989.0), changed);
        ConfigFiles.assertAllDiffer(DEFAULTS, changed);
    }

    /** YAML takes a plain off for false, in a file as on the command line. */
    @Test
    void offIsOff() {
        for (String text : new String[] {"off", "'off'", "false"}) {
            assertEquals(GraphMode.OFF, ConfigFiles.load("training.cuda_graph=" + text).training().cudaGraph(), text);
        }
    }

    @ParameterizedTest
    @CsvSource({"none, NONE", "selective, SELECTIVE", "full, FULL", "auto, AUTO", "true, FULL", "false, NONE"})
    void activationCheckpointingHasWordsAndReadsWhatOlderFilesSay(String text, ActivationCheckpointing mode) {
        assertEquals(mode, ConfigFiles.load("training.activation_checkpointing=" + text).training().activationCheckpointing());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "training.steps=0 | training.steps must be at least 1 (got 0)",
            "training.steps=2.7 | training.steps must be a whole number (got 2.7)",
            "training.steps=3000000000 | training.steps must be a whole number (got 3000000000): that is too large",
            "training.micro_batch=0 | training.micro_batch must be at least 1 (got 0)",
            "training.gradient_accumulation_steps=0 | training.gradient_accumulation_steps must be at least 1 (got 0)",
            "training.max_grad_norm=-0.5 | training.max_grad_norm must be at least 0 and finite (got -0.5)",
            "training.load_balancing_loss_weight=-1 | training.load_balancing_loss_weight must be at least 0 and finite (got -1.0)",
            "training.router_z_loss_weight=-1 | training.router_z_loss_weight must be at least 0 and finite (got -1.0)",
            "training.activation_checkpointing=half | 'training.activation_checkpointing must be one of none, selective, full, auto (got ''half'')'",
            "training.activation_checkpointing=1 | training.activation_checkpointing must be one of none, selective, full, auto (got 1)",
            "training.pass=fast | 'training.pass must be one of auto, plan, blocks (got ''fast'')'",
            "training.cuda_graph=on | training.cuda_graph must be one of auto, off (got on)",
            "training.peak_tflops=0 | 'training.peak_tflops must be positive and finite, or absent (got 0.0)'",
            "training.peak_tflops=much | 'training.peak_tflops must be a number, or null (got ''much'')'",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }
}
