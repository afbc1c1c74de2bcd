package ai.spattention.cublas;

import ai.spattention.cublas.ProductShape.Matrix;
import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaStream;
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
    private final int candidates; // algorithms that the library is asked for

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
        this(target, left, right, out, add, workspace, AlgorithmTrial.candidates());
    }

    private DenseMatmul(CudaTarget target, Factor left, Factor right, Tensor out, boolean add, Tensor workspace, int candidates) {
        this.target = target;
        this.left = left;
        this.right = right;
        this.out = out;
        this.add = add;
        this.workspace = workspace;
        this.candidates = candidates;
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

    /** The same product by the algorithm that is fastest here. */
    DenseMatmul triedOut() {
        return new DenseMatmul(target, left, right, out, add, workspace, AlgorithmTrial.MOST_CANDIDATES);
    }

    @Override
    public List<Tensor> tensors() {
        return List.of(left.matrix, right.matrix, out, workspace);
    }

    /**
     * What the library made for the product, and the algorithms that it offers, the most promising first; it lives as long as what runs, for
     * plans are made again and again in a long run.
     */
    private record Prepared(Pointer description, Pointer first, Pointer second, Pointer result, Memory algorithms, int candidates) {

        void dropWhenUnused() {
            Pointer own = description;
            List<Pointer> layouts = List.of(first, second, result);
            CLEANER.register(this, () -> {
                CublasLtApi.cublasLtMatmulDescDestroy(own);
                layouts.forEach(CublasLtApi::cublasLtMatrixLayoutDestroy);
            });
        }

        /** The product by one of the algorithms. The library's matrices lie by columns: it computes the transpose, its factors exchanged. */
        Call by(CublasLt library, int candidate, boolean add, Addresses at) {
            Memory one = scalar(1);
            Memory factor = scalar(add ? 1 : 0);
            Pointer algorithm = algorithms.share((long) CublasLtApi.HEURISTIC_RESULT_BYTES * candidate);
            Pointer left = new Pointer(at.left);
            Pointer right = new Pointer(at.right);
            Pointer out = new Pointer(at.out);
            Pointer workspace = new Pointer(at.workspace);
            return stream -> CublasLtApi.cublasLtMatmul(library.handle(), description, one, right, first, left, second, factor, out, result, out,
                    result, algorithm, workspace, WORKSPACE_BYTES, stream.handle());
        }
    }

    /**
     * Where a product's matrices lie.
     *
     * @param left the left factor's address
     * @param right the right factor's
     * @param out the result's
     * @param workspace of {@link #WORKSPACE_BYTES}
     */
    record Addresses(long left, long right, long out, long workspace) {}

    /** A product on its addresses, by one algorithm. */
    @FunctionalInterface
    interface Call {

        /**
         * Puts the product on a stream.
         *
         * @param stream the stream
         * @return the library's status
         */
        int on(CudaStream stream);
    }

    @Override
    public Ready prepare() {
        CudaDevice device = target.device();
        CublasLt library = CublasLt.of(device);
        ProductShape shape = new ProductShape(Matrix.of(left.matrix), left.transposed, Matrix.of(right.matrix), right.transposed,
                Matrix.of(out), add);
        Prepared[] made = new Prepared[1];
        device.inContext(() -> made[0] = describe(library, shape));
        Prepared product = made[0];
        product.dropWhenUnused();
        int chosen = AlgorithmTrial.isWorthWhile(shape, product.candidates) ? library.chosen(shape, () -> new AlgorithmTrial(device, shape,
                product.candidates, (candidate, at) -> product.by(library, candidate, add, at)).choose()) : 0;
        Call call = product.by(library, chosen, add, new Addresses(left.matrix.address(), right.matrix.address(), out.address(),
                workspace.address()));
        String name = toString();
        return stream -> CublasLt.check(name, call.on(stream));
    }

    private Prepared describe(CublasLt library, ProductShape shape) {
        Memory cell = new Memory(8);
        CublasLt.check("cublasLtMatmulDescCreate",
                CublasLtApi.cublasLtMatmulDescCreate(cell, CublasLtApi.COMPUTE_32F, CublasLtApi.R_32F));
        Pointer description = cell.getPointer(0);
        transpose(description, CublasLtApi.DESC_TRANSA, right.transposed);
        transpose(description, CublasLtApi.DESC_TRANSB, left.transposed);
        Pointer first = layout(shape.right());
        Pointer second = layout(shape.left());
        Pointer result = layout(shape.out());
        Memory found = new Memory(4);
        Memory algorithms = algorithms(library, description, List.of(first, second, result), shape, found);
        return new Prepared(description, first, second, result, algorithms, found.getInt(0));
    }

    private static void transpose(Pointer description, int attribute, boolean transposed) {
        Memory value = new Memory(4);
        value.setInt(0, transposed ? 1 : 0); // CUBLAS_OP_T, CUBLAS_OP_N
        CublasLt.check("cublasLtMatmulDescSetAttribute",
                CublasLtApi.cublasLtMatmulDescSetAttribute(description, attribute, value, 4));
    }

    private static Pointer layout(Matrix matrix) {
        Memory cell = new Memory(8);
        int type = matrix.type() == TensorView.Type.BFLOAT16 ? CublasLtApi.R_16BF : CublasLtApi.R_32F;
        CublasLt.check("cublasLtMatrixLayoutCreate",
                CublasLtApi.cublasLtMatrixLayoutCreate(cell, type, /* rows= */ matrix.columns(), /* columns= */ matrix.rows(), matrix.stride()));
        return cell.getPointer(0);
    }

    private Memory algorithms(CublasLt library, Pointer description, List<Pointer> layouts, ProductShape shape, Memory found) {
        Memory cell = new Memory(8);
        CublasLt.check("cublasLtMatmulPreferenceCreate", CublasLtApi.cublasLtMatmulPreferenceCreate(cell));
        Pointer preference = cell.getPointer(0);
        prefer(preference, CublasLtApi.PREFERENCE_MAX_WORKSPACE_BYTES, WORKSPACE_BYTES, 8);
        long[] alignments = {shape.right().alignment(), shape.left().alignment(), shape.out().alignment(), shape.out().alignment()};
        for (int i = 0; i < alignments.length; i++) {
            prefer(preference, CublasLtApi.PREFERENCE_MIN_ALIGNMENT_BYTES[i], alignments[i], 4);
        }
        Memory algorithms = new Memory((long) CublasLtApi.HEURISTIC_RESULT_BYTES * candidates);
        int status = CublasLtApi.cublasLtMatmulAlgoGetHeuristic(library.handle(), description, layouts.get(0), layouts.get(1), layouts.get(2),
                layouts.get(2), preference, candidates, algorithms, found);
        CublasLtApi.cublasLtMatmulPreferenceDestroy(preference);
        CublasLt.check("cublasLtMatmulAlgoGetHeuristic for " + this, status);
        if (found.getInt(0) < 1) {
            throw new CublasException("cuBLASLt has no way to compute " + this);
        }
        return algorithms;
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
