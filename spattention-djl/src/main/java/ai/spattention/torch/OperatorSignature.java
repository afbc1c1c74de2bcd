package ai.spattention.torch;

import java.util.List;

/**
 * What an operator of ATen takes and gives.
 *
 * @param name the operator's name in the namespace {@code aten}
 * @param arguments the types of its arguments
 * @param results the types of its results: tensors and whole numbers
 */
record OperatorSignature(String name, List<Type> arguments, List<Type> results) {

    /** A type of ATen's schemas. */
    enum Type {
        TENSOR, OPTIONAL_TENSOR, FLOAT, OPTIONAL_FLOAT, BOOL, INT
    }
}
