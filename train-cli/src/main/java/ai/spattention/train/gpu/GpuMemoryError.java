package ai.spattention.train.gpu;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A GPU whose memory is used up, read from what libtorch says of it: its allocator gives figures, cuBLAS and the driver none.
 *
 * @param details what was asked for and what was free; empty where libtorch does not tell
 */
public record GpuMemoryError(String details) {

    private static final Pattern ALLOCATOR = Pattern.compile("CUDA out of memory\\. Tried to allocate (?<asked>[\\d.]+ \\w+)\\.?"
            + "(?: GPU (?<gpu>\\d+) has a total capac?i?ty of (?<total>[\\d.]+ \\w+) of which (?<free>[\\d.]+ \\w+) is free)?");

    /** cuBLAS takes memory of its own when it starts, so that not being able to start means the same. */
    private static final Pattern OTHERS = Pattern.compile("CUBLAS_STATUS_ALLOC_FAILED"
            + "|CUBLAS_STATUS_NOT_INITIALIZED.{0,40}cublasCreate|CUDA error: out of memory|CUDNN_STATUS_ALLOC_FAILED|CUDA out of memory");

    private static final String REMEDY = ". While training, lower training.micro_batch (raise training.gradient_accumulation_steps to"
            + " keep the batch) or data.sequence_length, or set training.activation_checkpointing=true or precision=bfloat16;"
            + " elsewhere take a smaller batch or shorter sequences. 'nvidia-smi' tells who else uses the GPU";

    /**
     * Recognises such a failure.
     *
     * @param failure any failure; its causes are looked at, too
     * @return the error, or empty if the failure is another one
     */
    public static Optional<GpuMemoryError> of(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            Matcher allocator = ALLOCATOR.matcher(message);
            if (allocator.find()) {
                return Optional.of(new GpuMemoryError(": " + allocator.group("asked") + " were asked for"
                        + (allocator.group("free") == null ? "" : ", " + allocator.group("free") + " of GPU " + allocator.group("gpu")
                                + "'s " + allocator.group("total") + " are free")));
            }
            if (OTHERS.matcher(message).find()) {
                return Optional.of(new GpuMemoryError(""));
            }
        }
        return Optional.empty();
    }

    /**
     * The line for a person.
     *
     * @return what happened and what to do
     */
    public String text() {
        return "the GPU's memory is used up" + details + REMEDY;
    }
}
