package ai.spattention.train.distributed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    @ParameterizedTest
    @CsvSource({"/no/such.so, SPATTN_MPI_LIBRARY=/no/such.so does not load", "libc.so.6, libc.so.6 has no MPI_"})
    @EnabledOnOs(OS.LINUX)
    void aLibraryThatDoesNotServeIsNamed(String file, String message) {
        InvalidInputException refusal = assertThrows(InvalidInputException.class, () -> MpiLibrary.load(Map.of(MpiLibrary.VARIABLE, file)));
        assertTrue(refusal.getMessage().startsWith(message), refusal.getMessage());
    }
}
