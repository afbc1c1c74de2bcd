package ai.spattention.torch;

import static ai.spattention.torch.OperatorSignature.Type.BOOL;
import static ai.spattention.torch.OperatorSignature.Type.FLOAT;
import static ai.spattention.torch.OperatorSignature.Type.INT;
import static ai.spattention.torch.OperatorSignature.Type.OPTIONAL_FLOAT;
import static ai.spattention.torch.OperatorSignature.Type.OPTIONAL_TENSOR;
import static ai.spattention.torch.OperatorSignature.Type.TENSOR;

import java.util.List;

/**
 * An operator of ATen that has no kernel on a kind of device, and whose formula for autograd is another such operator. Both take
 * an optional tensor, a number (a probability of dropout) and an optional number, in which travel what {@link AutogradFunction} calls
 * the constant and the seed, and which function it is.
 *
 * <p>The forward operator begins with three tensors; autograd keeps them and its first two results. The backward operator begins
 * with the gradient, the three tensors and those two results.
 */
enum OperatorCarrier {

    /** libtorch has it for the CPU only. */
    FLASH_FOR_CPU("CUDA", "flash_for_cpu",
            new OperatorSignature("_scaled_dot_product_flash_attention_for_cpu",
                    List.of(TENSOR, TENSOR, TENSOR, FLOAT, BOOL, OPTIONAL_TENSOR, OPTIONAL_FLOAT), List.of(TENSOR, TENSOR)), 5, 3, 6,
            new OperatorSignature("_scaled_dot_product_flash_attention_for_cpu_backward",
                    List.of(TENSOR, TENSOR, TENSOR, TENSOR, TENSOR, TENSOR, FLOAT, BOOL, OPTIONAL_TENSOR, OPTIONAL_FLOAT),
                    List.of(TENSOR, TENSOR, TENSOR)), 8, 6, 9),

    /** libtorch has it for CUDA only. */
    CUDNN("CPU", "cudnn",
            new OperatorSignature("_scaled_dot_product_cudnn_attention",
                    List.of(TENSOR, TENSOR, TENSOR, OPTIONAL_TENSOR, BOOL, FLOAT, BOOL, BOOL, OPTIONAL_FLOAT),
                    List.of(TENSOR, TENSOR, TENSOR, TENSOR, INT, INT, TENSOR, TENSOR, TENSOR)), 3, 5, 8,
            new OperatorSignature("_scaled_dot_product_cudnn_attention_backward",
                    List.of(TENSOR, TENSOR, TENSOR, TENSOR, TENSOR, TENSOR, TENSOR, TENSOR, TENSOR, TENSOR, TENSOR, INT, INT, FLOAT,
                            BOOL, OPTIONAL_FLOAT),
                    List.of(TENSOR, TENSOR, TENSOR)), 8, 13, 15);

    private final String key;
    private final String method;
    private final OperatorSignature forward;
    private final int forwardConstant;
    private final int forwardSeed;
    private final int forwardFunction;
    private final OperatorSignature backward;
    private final int backwardConstant;
    private final int backwardSeed;
    private final int backwardFunction;

    OperatorCarrier(String key, String method, OperatorSignature forward, int forwardConstant, int forwardSeed, int forwardFunction,
            OperatorSignature backward, int backwardConstant, int backwardSeed, int backwardFunction) {
        this.key = key;
        this.method = method;
        this.forward = forward;
        this.forwardConstant = forwardConstant;
        this.forwardSeed = forwardSeed;
        this.forwardFunction = forwardFunction;
        this.backward = backward;
        this.backwardConstant = backwardConstant;
        this.backwardSeed = backwardSeed;
        this.backwardFunction = backwardFunction;
    }

    /** The dispatch key of the devices for which there is no kernel. */
    String key() {
        return key;
    }

    /** The method of autograd.torchscript that calls the operator. */
    String method() {
        return method;
    }

    OperatorSignature forward() {
        return forward;
    }

    /** The argument's place that carries the constant. */
    int forwardConstant() {
        return forwardConstant;
    }

    /** The argument's place that carries the seed. */
    int forwardSeed() {
        return forwardSeed;
    }

    /** The argument's place that carries the function's number. */
    int forwardFunction() {
        return forwardFunction;
    }

    OperatorSignature backward() {
        return backward;
    }

    int backwardConstant() {
        return backwardConstant;
    }

    int backwardSeed() {
        return backwardSeed;
    }

    int backwardFunction() {
        return backwardFunction;
    }
}
