package ai.spattention.train.distributed;

import ai.spattention.common.InvalidInputException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * MPI's library, loaded.
 *
 * @param api its functions
 * @param handles its names' values
 */
record MpiLibrary(MpiApi api, MpiHandles handles) {

    /** Names the library, where the usual ones are not it. */
    static final String VARIABLE = "SPATTN_MPI_LIBRARY";

    private static final int LONGEST_VERSION = 8192; // MPI_MAX_LIBRARY_VERSION_STRING of MPICH

    private static final List<String> OF_MPICH = List.of("libmpi.so.12", "libmpich.so.12");
    private static final List<String> OF_OPEN_MPI = List.of("libmpi.so.40");

    /**
     * Loads the library of the launcher's own family.
     *
     * @throws InvalidInputException if there is none
     */
    static MpiLibrary load(Map<String, String> environment) {
        // UCX, by which both families may move data, takes over signals that a Java machine lives by
        LibC.INSTANCE.setenv("UCX_ERROR_SIGNALS", "", 0);
        List<String> tried = new ArrayList<>();
        for (String name : names(environment)) {
            try {
                NativeLibrary library = NativeLibrary.getInstance(name);
                requireFunctions(name, library);
                return new MpiLibrary(Native.load(name, MpiApi.class), MpiHandles.of(library));
            } catch (UnsatisfiedLinkError e) {
                tried.add(name);
            }
        }
        if (!environment.getOrDefault(VARIABLE, "").isEmpty()) {
            throw new InvalidInputException(VARIABLE + "=" + tried.get(0) + " does not load: name the file of the library of MPICH or Open MPI,"
                    + " or leave it unset for the system's");
        }
        throw new InvalidInputException("MPI is not found (tried " + String.join(", ", tried) + "): install MPICH or Open MPI, or set "
                + VARIABLE + " to the file of its library");
    }

    private static void requireFunctions(String name, NativeLibrary library) {
        for (Method function : MpiApi.class.getDeclaredMethods()) {
            try {
                library.getFunction(function.getName());
            } catch (UnsatisfiedLinkError e) {
                throw new InvalidInputException(name + " has no " + function.getName() + ": set " + VARIABLE
                        + " to the file of the library of MPICH or Open MPI", e);
            }
        }
    }

    /** The files that are tried, in this order. */
    static List<String> names(Map<String, String> environment) {
        String named = environment.getOrDefault(VARIABLE, "");
        if (!named.isEmpty()) {
            return List.of(named);
        }
        // srun --mpi=pmix is nobody's own: as a rule Open MPI is built for it, and MPICH for what sets PMI_RANK
        boolean isOpenMpi = environment.containsKey("OMPI_COMM_WORLD_SIZE")
                || environment.containsKey("PMIX_RANK") && !environment.containsKey("PMI_RANK");
        List<String> names = new ArrayList<>(isOpenMpi ? OF_OPEN_MPI : OF_MPICH);
        names.addAll(isOpenMpi ? OF_MPICH : OF_OPEN_MPI);
        names.add("libmpi.so");
        return names;
    }

    /** The library's own name and version, its first line. */
    String version() {
        Memory text = new Memory(LONGEST_VERSION);
        text.clear();
        api.MPI_Get_library_version(text, new Memory(4));
        return text.getString(0).lines().findFirst().orElse("").strip().replaceAll("\\s+", " ");
    }
}
