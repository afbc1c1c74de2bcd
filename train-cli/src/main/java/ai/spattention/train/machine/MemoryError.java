package ai.spattention.train.machine;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tensors for which there is no memory, on a GPU or beside the processor, read from what libtorch says of it: its allocators give
 * figures, cuBLAS and the driver none.
 *
 * @param place whose memory it is
 * @param details what was asked for and what was free; empty where libtorch does not tell
 * @param tool what tells who uses the memory
 */
public record MemoryError(String place, String details, String tool) {

    private static final Pattern GPU_ALLOCATOR = Pattern.compile("CUDA out of memory\\. Tried to allocate (?<asked>[\\d.]+ \\w+)\\.?"
            + "(?: GPU (?<gpu>\\d+) has a total capac?i?ty of (?<total>[\\d.]+ \\w+) of which (?<free>[\\d.]+ \\w+) is free)?");

    /** cuBLAS takes memory of its own when it starts, so that not being able to start means the same. */
    private static final Pattern GPU_OTHERS = Pattern.compile("CUBLAS_STATUS_ALLOC_FAILED"
            + "|CUBLAS_STATUS_NOT_INITIALIZED.{0,40}cublasCreate|CUDA error: out of memory|CUDNN_STATUS_ALLOC_FAILED|CUDA out of memory"
            + "|error 2 \\(out of memory\\)");

    private static final Pattern CPU_ALLOCATOR = Pattern.compile(
            "DefaultCPUAllocator: (?:can't allocate memory|not enough memory): you tried to allocate (?<bytes>-?\\d+) bytes");

    /** Numbers of elements whose product, or its bytes, no long holds. */
    private static final Pattern TOO_LARGE = Pattern.compile("std::bad_alloc|Storage size calculation overflowed");

    private static final String REMEDY = ". While training, lower training.micro_batch (raise training.gradient_accumulation_steps to"
            + " keep the batch) or data.sequence_length, or set training.activation_checkpointing=full or precision=bfloat16;"
            + " elsewhere take a smaller batch or shorter sequences";

    /**
     * Recognises such a failure.
     *
     * @param failure any failure; its causes are looked at, too
     * @return the error, or empty if the failure is another one
     */
    public static Optional<MemoryError> of(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            Matcher gpu = GPU_ALLOCATOR.matcher(message);
            if (gpu.find()) {
                return gpu(": " + gpu.group("asked") + " were asked for" + (gpu.group("free") == null ? ""
                        : ", " + gpu.group("free") + " of GPU " + gpu.group("gpu") + "'s " + gpu.group("total") + " are free"));
            }
            if (GPU_OTHERS.matcher(message).find()) {
                return gpu("");
            }
            Matcher cpu = CPU_ALLOCATOR.matcher(message);
            if (cpu.find()) {
                return cpu(String.format(Locale.ROOT, ": %.2f GB were asked for at once",
                        new BigDecimal(cpu.group("bytes")).scaleByPowerOfTen(-9)));
            }
            if (TOO_LARGE.matcher(message).find()) {
                return cpu("");
            }
        }
        return Optional.empty();
    }

    private static Optional<MemoryError> gpu(String details) {
        return Optional.of(new MemoryError("the GPU", details, "nvidia-smi"));
    }

    private static Optional<MemoryError> cpu(String details) {
        return Optional.of(new MemoryError("this machine", details, "top"));
    }

    /**
     * The line for a person.
     *
     * @return what happened and what to do
     */
    public String text() {
        return place + "'s memory is used up" + details + REMEDY + ". '" + tool + "' tells who else uses it";
    }
}
