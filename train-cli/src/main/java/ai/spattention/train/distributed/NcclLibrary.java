package ai.spattention.train.distributed;

import ai.spattention.common.InvalidInputException;
import ai.spattention.torch.LoadedLibraries;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.lang.reflect.Method;
import java.util.Map;

/** NCCL, loaded: that of PyTorch's natives, in whose libtorch_cuda.so it lies with its functions exported, or another one. */
final class NcclLibrary {

    /** Names another library than the natives' own. */
    static final String VARIABLE = "SPATTN_NCCL_LIBRARY";

    private static final int OLDEST = 21300; // 2.13: ncclGetLastError

    private NcclLibrary() {}

    /**
     * Loads it.
     *
     * @throws InvalidInputException if there is none, or it is too old
     */
    static NcclApi load(Map<String, String> environment) {
        String named = environment.getOrDefault(VARIABLE, "");
        NativeLibrary library = named.isEmpty() ? natives() : named(named);
        String name = named.isEmpty() ? library.getFile().toString() : named;
        for (Method function : NcclApi.class.getDeclaredMethods()) {
            try {
                library.getFunction(function.getName());
            } catch (UnsatisfiedLinkError e) {
                throw new InvalidInputException(name + " has no " + function.getName() + ": set " + VARIABLE
                        + " to the file of an NCCL of version 2.13 or newer, made for the CUDA of PyTorch's natives", e);
            }
        }
        NcclApi api = Native.load(library.getFile() == null ? named : library.getFile().toString(), NcclApi.class);
        Memory version = new Memory(4);
        if (api.ncclGetVersion(version) != NcclApi.SUCCESS || version.getInt(0) < OLDEST) {
            throw new InvalidInputException(name + " is NCCL " + version.getInt(0) + ": version 2.13 (21300) or newer is needed");
        }
        return api;
    }

    private static NativeLibrary natives() {
        return LoadedLibraries.find("libtorch_cuda.so").orElseThrow(() -> new InvalidInputException("there is no NCCL: PyTorch's natives for CUDA,"
                + " which have one, are not loaded: get them with 'spattn gpu-natives', or set " + VARIABLE + " to an NCCL's file"));
    }

    private static NativeLibrary named(String file) {
        try {
            return NativeLibrary.getInstance(file);
        } catch (UnsatisfiedLinkError e) {
            throw new InvalidInputException(VARIABLE + "=" + file + " does not load (" + e.getMessage().lines().findFirst().orElse("")
                    + "): name the file of an NCCL that was made for the CUDA of PyTorch's natives", e);
        }
    }
}
