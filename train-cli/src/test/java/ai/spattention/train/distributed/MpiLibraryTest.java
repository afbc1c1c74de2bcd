package ai.spattention.train.distributed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

class MpiLibraryTest {

    private static String first(String... variables) {
        Map<String, String> environment = variables.length == 0 ? Map.of() : variables.length == 2 ? Map.of(variables[0], variables[1])
                : Map.of(variables[0], variables[1], variables[2], variables[3]);
        return MpiLibrary.names(environment).get(0);
    }

    /** Both families may be installed; each starts as several processes only under what knows it. */
    @Test
    void theLaunchersOwnFamilyComesFirst() {
        assertEquals("libmpi.so.12", first());
        assertEquals("libmpi.so.12", first("PMI_RANK", "0"));
        assertEquals("libmpi.so.40", first("OMPI_COMM_WORLD_SIZE", "2"));
        assertEquals("libmpi.so.40", first("PMIX_RANK", "0"), "srun --mpi=pmix");
        assertEquals("libmpi.so.12", first("PMIX_RANK", "0", "PMI_RANK", "0"));
        assertEquals("/opt/libmpi.so", first("PMIX_RANK", "0", "SPATTN_MPI_LIBRARY", "/opt/libmpi.so"));
    }
}
