package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.spattention.torch.AutogradFunction;
import ai.spattention.torch.AutogradOperator;
import ai.spattention.train.loop.TrainingFailedException;
import ai.spattention.train.machine.MemoryError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What libtorch says when memory is used up, in the words of PyTorch 2.5 and 2.7. */
class MemoryErrorTest {

    private static final String PYTORCH_2_5 = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 139.81 GiB"
            + " of which 1.19 GiB is free. Process 4242 has 138.61 GiB memory in use. Of the allocated memory 130.02 GiB is allocated by"
            + " PyTorch, and 7.85 GiB is reserved by PyTorch but unallocated. If reserved but unallocated memory is large try setting"
            + " PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True to avoid fragmentation.  See documentation for Memory Management "
            + " (https://pytorch.org/docs/stable/notes/cuda.html#environment-variables)\n"
            + "Exception raised from malloc at ../c10/cuda/CUDACachingAllocator.cpp:1234 (most recent call first):\nframe #0: ...";

    /** With a share of memory that is allowed, private pools, and an amount that is not in GiB. */
    private static final String PYTORCH_2_7 = "CUDA out of memory. Tried to allocate 862.00 MiB. GPU 1 has a total capacity of 79.15 GiB"
            + " of which 5.44 MiB is free. Including non-PyTorch memory, this process has 79.14 GiB memory in use. 60.00 GiB allowed; Of the"
            + " allocated memory 77.86 GiB is allocated by PyTorch, with 24.00 MiB allocated in private pools (e.g., CUDA Graphs), and"
            + " 512.00 KiB is reserved by PyTorch but unallocated. If reserved but unallocated memory is large try setting ...";

    private static final String IN_TORCHSCRIPT = "The following operation failed in the TorchScript interpreter.\n"
            + "Traceback of TorchScript (most recent call last):\n  File \"code/__torch__.py\", line 9, in forward\n"
            + "    return torch.matmul(x, y)\n           ~~~~~~~~~~~~ <--- HERE\nRuntimeError: " + PYTORCH_2_5;

    @TempDir
    private Path run;

    private static String text(Throwable failure) {
        return MemoryError.of(failure).orElseThrow().text();
    }

    @Test
    void tellsWhatWasAskedForAndWhatIsFree() {
        assertTrue(text(new EngineException(PYTORCH_2_5)).startsWith("the GPU's memory is used up: 2.00 GiB were asked for,"
                + " 1.19 GiB of GPU 0's 139.81 GiB are free. "), text(new EngineException(PYTORCH_2_5)));
        assertTrue(text(new EngineException(PYTORCH_2_7)).contains(": 862.00 MiB were asked for, 5.44 MiB of GPU 1's 79.15 GiB are free."));
    }

    @Test
    void namesTheSettingsThatLowerIt() {
        String text = text(new EngineException(PYTORCH_2_5));
        for (String setting : new String[] {"training.micro_batch", "data.sequence_length", "training.activation_checkpointing=full",
            "precision=bfloat16", "training.gradient_accumulation_steps"}) {
            assertTrue(text.contains(setting), text);
        }
        assertEquals(1, text.lines().count());
    }

    @Test
    void findsItInsideOtherFailures() {
        assertTrue(text(new EngineException(IN_TORCHSCRIPT)).contains("2.00 GiB were asked for"));
        assertTrue(text(new CompletionException(new EngineException(PYTORCH_2_5))).contains("2.00 GiB were asked for"));
    }

    /** What a kernel's own backward pass does when it runs out of memory under libtorch's autograd. */
    private record Exhausting() implements AutogradFunction {

        @Override
        public NDList forward(NDArray first, NDArray second, NDArray third, NDArray constant, long seed) {
            return new NDList(first.add(second).add(third), first.duplicate());
        }

        @Override
        public NDList backward(NDArray first, NDArray second, NDArray third, NDArray constant, long seed, NDList forward, NDArray gradient) {
            throw new EngineException(PYTORCH_2_5);
        }
    }

    @Test
    void findsItInABackwardPassThatRunsInJava() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDArray x = manager.ones(new Shape(2, 3));
            x.setRequiresGradient(true);
            NDArray loss = AutogradOperator.apply(new Exhausting(), x, x.mul(2), x.mul(3), null, 0).sum();
            EngineException thrown = assertThrows(EngineException.class, () -> collector.backward(loss));
            assertTrue(text(thrown).startsWith("the GPU's memory is used up: 2.00 GiB were asked for"), thrown.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other API call"})
    void knowsFailuresWithoutFigures(String message) {
        assertTrue(text(new EngineException(message)).startsWith("the GPU's memory is used up. While training"), message);
    }

    @Test
    void knowsTheMemoryBesideTheProcessor() {
        String text = text(new EngineException("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory:"
                + " you tried to allocate 1099511627776 bytes. Error code 12 (Cannot allocate memory)"));
        assertTrue(text.startsWith("this machine's memory is used up: 1099.51 GB were asked for at once. While training, lower"), text);
        assertFalse(text.contains("GPU") || text.contains("nvidia"), text);
        assertEquals(1, text.lines().count());
        assertTrue(text(new EngineException("std::bad_alloc")).startsWith("this machine's memory is used up. While"));
        assertTrue(text(new EngineException("Storage size calculation overflowed with sizes=[4294967296, 4294967296]"))
                .startsWith("this machine's memory is used up. While"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"CUDA error: an illegal memory access was encountered",
        "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasSgemm(...)`", "mat1 and mat2 shapes cannot be multiplied"})
    void leavesOtherFailuresAlone(String message) {
        assertTrue(MemoryError.of(new EngineException(message)).isEmpty());
        assertTrue(MemoryError.of(new EngineException((String) null)).isEmpty());
    }

    @Test
    void aTrainingRunNamesItsLastCheckpoint() throws IOException {
        Files.createDirectories(run.resolve("checkpoints/step-00000020"));
        Files.createDirectories(run.resolve("checkpoints/step-00000040"));
        TrainingFailedException explained = TrainingSession.outOfMemory(new EngineException(PYTORCH_2_5), run).orElseThrow();
        String message = explained.getMessage();
        assertTrue(message.contains("2.00 GiB were asked for"), message);
        assertTrue(message.contains("the checkpoint of step 40 is whole") && message.contains("--resume --output " + run), message);
    }

    @Test
    void aTrainingRunWithoutACheckpointSaysSo() throws IOException {
        String message = TrainingSession.outOfMemory(new EngineException(PYTORCH_2_5), run).orElseThrow().getMessage();
        assertTrue(message.contains("there is no checkpoint yet"), message);
        assertFalse(TrainingSession.outOfMemory(new EngineException("another"), run).isPresent());
    }
}
