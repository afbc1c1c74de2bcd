package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.pass.Kept;
import ai.spattention.olmoe.pass.PassShape;
import ai.spattention.olmoe.pass.TrainingPass;
import ai.spattention.train.SmallData;
import ai.spattention.train.config.RunConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PassChoiceTest {

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
        assertEquals("plan (CUDA graph)", new PassChoice(Optional.empty(), TrainingPass.Start.GRAPH).toString());
        assertEquals("plan (launch by launch)", new PassChoice(Optional.empty(), TrainingPass.Start.LAUNCHES).toString());
        assertEquals(TrainingPass.Start.LAUNCHES, PassChoice.of(config("training.cuda_graph=off"), Device.cpu()).start());
        assertEquals(TrainingPass.Start.GRAPH, PassChoice.of(config(), Device.cpu()).start());
    }

    @Test
    void onlyFurtherMicroBatchesAddToGradients() {
        assertEquals(List.of(new PassShape(4, 48, false, false, Kept.ALL)), PassChoice.shapes(config()));
        assertEquals(List.of(new PassShape(4, 48, true, false, Kept.INPUTS), new PassShape(4, 48, true, true, Kept.INPUTS)),
                PassChoice.shapes(config("training.gradient_accumulation_steps=3", "data.document_mask=true",
                        "training.activation_checkpointing=true")));
    }
}
