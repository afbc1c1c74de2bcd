package ai.spattention.cublas;

import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView;
import ai.spattention.plan.Step;
import ai.spattention.plan.Tensor;
import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A product of two bfloat16 matrices, summed in float32: out = a b, with either factor transposed where asked, or out + a b. The result
 * is bfloat16 or float32. Rows may lie apart; a row has no gaps.
 */
public final class DenseMatmul implements Step {

    /** The workspace that a plan's products share: what NVIDIA recommends for compute capability 9.0, twice. */
    public static final long WORKSPACE_BYTES = 64L << 20;

    private static final Cleaner CLEANER = Cleaner.create();

    private final CudaTarget target;
    private final Factor left;
    private final Factor right;
    private final Tensor out;
    private final boolean add;
    private final Tensor workspace;

    /**
     * A factor.
     *
     * @param matrix [rows, columns]
     * @param transposed whether its transpose is meant
     */
    public record Factor(Tensor matrix, boolean transposed) {

        /**
         * A matrix as it is.
         *
         * @param matrix [rows, columns]
         * @return the factor
         */
        public static Factor of(Tensor matrix) {
            return new Factor(matrix, false);
        }

        /**
         * A matrix's transpose.
         *
         * @param matrix [rows, columns]
         * @return the factor
         */
        public static Factor transposed(Tensor matrix) {
            return new Factor(matrix, true);
        }

        private long size(int axis) {
            return matrix.size(transposed ? 1 - axis : axis);
        }
    }

    /**
     * Why products cannot be computed by cuBLASLt here.
     *
     * @return the reason, for people; empty if they can
     */
    public static Optional<String> unavailable() {
        return CublasLt.unavailable();
    }

    /**
     * A product.
     *
     * @param target the GPU
     * @param left a, M times K
     * @param right b, K times N
     * @param out [M, N]
     * @param add whether the product is added to what stands in out
     * @param workspace {@link #WORKSPACE_BYTES} of memory, which products on one stream share
     * @throws IllegalArgumentException if the shapes or types do not fit
     */
    public DenseMatmul(CudaTarget target, Factor left, Factor right, Tensor out, boolean add, Tensor workspace) {
        this.target = target;
        this.left = left;
        this.right = right;
        this.out = out;
        this.add = add;
        this.workspace = workspace;
        boolean fits = left.size(1) == right.size(0) && out.size(0) == left.size(0) && out.size(1) == right.size(1)
                && left.matrix.type() == TensorView.Type.BFLOAT16 && right.matrix.type() == TensorView.Type.BFLOAT16
                && (out.type() == TensorView.Type.BFLOAT16 || out.type() == TensorView.Type.FLOAT32);
        for (Tensor matrix : List.of(left.matrix, right.matrix, out)) {
            fits &= matrix.sizes().length == 2 && matrix.strides()[1] == 1;
        }
        if (!fits) {
            throw new IllegalArgumentException("no product " + this);
        }
    }

    @Override
    public List<Tensor> tensors() {
        return List.of(left.matrix, right.matrix, out, workspace);
    }

    /** What the library made for the product; it lives as long as what runs, for plans are made again and again in a long run. */
    private record Prepared(Pointer description, Pointer first, Pointer second, Pointer result, Memory algorithm) {

        void dropWhenUnused() {
            Pointer own = description;
            List<Pointer> layouts = List.of(first, second, result);
            CLEANER.register(this, () -> {
                CublasLtApi.cublasLtMatmulDescDestroy(own);
                layouts.forEach(CublasLtApi::cublasLtMatrixLayoutDestroy);
            });
        }
    }

    @Override
    public Ready prepare() {
        CudaDevice device = target.device();
        CublasLt library = CublasLt.of(device);
        Prepared[] made = new Prepared[1];
        device.inContext(() -> made[0] = describe(library));
        Prepared product = made[0];
        product.dropWhenUnused();
        Memory one = scalar(1);
        Memory factor = scalar(add ? 1 : 0);
        // the library's matrices lie by columns: it computes the transpose of the product, from the factors in the other order
        Pointer first = new Pointer(right.matrix.address());
        Pointer second = new Pointer(left.matrix.address());
        Pointer result = new Pointer(out.address());
        Pointer scratch = new Pointer(workspace.address());
        return stream -> CublasLt.check(toString(), CublasLtApi.cublasLtMatmul(library.handle(), product.description, one, first,
                product.first, second, product.second, factor, result, product.result, result, product.result, product.algorithm,
                scratch, WORKSPACE_BYTES, stream.handle()));
    }

    private Prepared describe(CublasLt library) {
        Memory cell = new Memory(8);
        CublasLt.check("cublasLtMatmulDescCreate",
                CublasLtApi.cublasLtMatmulDescCreate(cell, CublasLtApi.COMPUTE_32F, CublasLtApi.R_32F));
        Pointer description = cell.getPointer(0);
        transpose(description, CublasLtApi.DESC_TRANSA, right.transposed);
        transpose(description, CublasLtApi.DESC_TRANSB, left.transposed);
        Pointer first = layout(right.matrix);
        Pointer second = layout(left.matrix);
        Pointer result = layout(out);
        return new Prepared(description, first, second, result, algorithm(library, description, first, second, result));
    }

    private static void transpose(Pointer description, int attribute, boolean transposed) {
        Memory value = new Memory(4);
        value.setInt(0, transposed ? 1 : 0); // CUBLAS_OP_T, CUBLAS_OP_N
        CublasLt.check("cublasLtMatmulDescSetAttribute",
                CublasLtApi.cublasLtMatmulDescSetAttribute(description, attribute, value, 4));
    }

    private static Pointer layout(Tensor matrix) {
        Memory cell = new Memory(8);
        int type = matrix.type() == TensorView.Type.BFLOAT16 ? CublasLtApi.R_16BF : CublasLtApi.R_32F;
        CublasLt.check("cublasLtMatrixLayoutCreate", CublasLtApi.cublasLtMatrixLayoutCreate(cell, type, matrix.size(1), matrix.size(0),
                Math.max(matrix.strides()[0], matrix.size(1))));
        return cell.getPointer(0);
    }

    private Memory algorithm(CublasLt library, Pointer description, Pointer first, Pointer second, Pointer result) {
        Memory cell = new Memory(8);
        CublasLt.check("cublasLtMatmulPreferenceCreate", CublasLtApi.cublasLtMatmulPreferenceCreate(cell));
        Pointer preference = cell.getPointer(0);
        prefer(preference, CublasLtApi.PREFERENCE_MAX_WORKSPACE_BYTES, WORKSPACE_BYTES, 8);
        long[] addresses = {right.matrix.address(), left.matrix.address(), out.address(), out.address()};
        for (int i = 0; i < addresses.length; i++) {
            prefer(preference, CublasLtApi.PREFERENCE_MIN_ALIGNMENT_BYTES[i], Math.min(256, Long.lowestOneBit(addresses[i])), 4);
        }
        Memory found = new Memory(4);
        Memory algorithm = new Memory(CublasLtApi.HEURISTIC_RESULT_BYTES);
        int status = CublasLtApi.cublasLtMatmulAlgoGetHeuristic(library.handle(), description, first, second, result, result, preference,
                1, algorithm, found);
        CublasLtApi.cublasLtMatmulPreferenceDestroy(preference);
        CublasLt.check("cublasLtMatmulAlgoGetHeuristic for " + this, status);
        if (found.getInt(0) < 1) {
            throw new CublasException("cuBLASLt has no way to compute " + this);
        }
        return algorithm;
    }

    private static void prefer(Pointer preference, int attribute, long value, int bytes) {
        Memory cell = new Memory(8);
        cell.setLong(0, value);
        CublasLt.check("cublasLtMatmulPreferenceSetAttribute",
                CublasLtApi.cublasLtMatmulPreferenceSetAttribute(preference, attribute, cell, bytes));
    }

    private static Memory scalar(float value) {
        Memory cell = new Memory(4);
        cell.setFloat(0, value);
        return cell;
    }

    @Override
    public String toString() {
        List<String> factors = new ArrayList<>();
        for (Factor factor : List.of(left, right)) {
            factors.add(factor.matrix + (factor.transposed ? " transposed" : "") + " " + factor.matrix.type());
        }
        return "of " + String.join(" and ", factors) + (add ? " added to " : " into ") + out + " " + out.type()
                + Arrays.toString(out.strides());
    }
}
