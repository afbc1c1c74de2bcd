package ai.spattention.cublas;

import ai.spattention.torch.LoadedLibraries;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.util.Optional;

/** The functions of cuBLASLt that are used here, bound directly, and the numbers of its enumerations. */
final class CublasLtApi {

    static final int SUCCESS = 0;

    // cudaDataType
    static final int R_32F = 0;
    static final int R_16BF = 14;

    static final int COMPUTE_32F = 68; // cublasComputeType_t

    // cublasLtMatmulDescAttributes_t
    static final int DESC_TRANSA = 3;
    static final int DESC_TRANSB = 4;

    // cublasLtMatmulPreferenceAttributes_t
    static final int PREFERENCE_MAX_WORKSPACE_BYTES = 1;
    static final int[] PREFERENCE_MIN_ALIGNMENT_BYTES = {5, 6, 7, 8}; // of A, B, C and D

    // cublasLtMatmulHeuristicResult_t: the algorithm comes first
    static final int HEURISTIC_RESULT_BYTES = 96;

    private CublasLtApi() {}

    /** Why the library cannot be used, or null. Binding happens once, when the class is first used. */
    static final String UNAVAILABLE = bind();

    private static String bind() {
        Optional<NativeLibrary> library = LoadedLibraries.find("libcublasLt.so");
        if (library.isEmpty()) {
            return "PyTorch's natives have not loaded libcublasLt (those for CPUs have none)";
        }
        try {
            Native.register(CublasLtApi.class, library.get());
            return null;
        } catch (LinkageError e) {
            return "libcublasLt lacks a function: " + e.getMessage();
        }
    }

    static native int cublasLtCreate(Pointer handle);

    static native int cublasLtMatmulDescCreate(Pointer description, int computeType, int scaleType);

    static native int cublasLtMatmulDescSetAttribute(Pointer description, int attribute, Pointer value, long bytes);

    static native int cublasLtMatmulDescDestroy(Pointer description);

    static native int cublasLtMatrixLayoutCreate(Pointer layout, int type, long rows, long columns, long leadingDimension);

    static native int cublasLtMatrixLayoutDestroy(Pointer layout);

    static native int cublasLtMatmulPreferenceCreate(Pointer preference);

    static native int cublasLtMatmulPreferenceSetAttribute(Pointer preference, int attribute, Pointer value, long bytes);

    static native int cublasLtMatmulPreferenceDestroy(Pointer preference);

    static native int cublasLtMatmulAlgoGetHeuristic(Pointer handle, Pointer description, Pointer a, Pointer b, Pointer c, Pointer d,
            Pointer preference, int wanted, Pointer results, Pointer found);

    static native int cublasLtMatmul(Pointer handle, Pointer description, Pointer alpha, Pointer a, Pointer layoutOfA, Pointer b,
            Pointer layoutOfB, Pointer beta, Pointer c, Pointer layoutOfC, Pointer d, Pointer layoutOfD, Pointer algorithm,
            Pointer workspace, long workspaceBytes, Pointer stream);
}
