package ai.spattention.train.distributed;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;

/**
 * What MPI's names stand for in a library. MPICH and what shares its binary interface (Intel MPI, MVAPICH2, Cray's) have fixed ints in mpi.h; in
 * Open MPI's mpi.h they are the addresses of objects that the library exports.
 *
 * @param world MPI_COMM_WORLD
 * @param float32 MPI_FLOAT
 * @param float64 MPI_DOUBLE
 * @param bytes MPI_BYTE
 * @param sum MPI_SUM
 * @param errorsReturn MPI_ERRORS_RETURN
 * @param inPlace MPI_IN_PLACE
 */
record MpiHandles(long world, long float32, long float64, long bytes, long sum, long errorsReturn, long inPlace) {

    private static final MpiHandles MPICH = new MpiHandles(0x44000000, 0x4c00040a, 0x4c00080b, 0x4c00010d, 0x58000003, 0x54000001, -1);

    static MpiHandles of(NativeLibrary library) {
        return isOpenMpi(library) ? new MpiHandles(address(library, "ompi_mpi_comm_world"), address(library, "ompi_mpi_float"),
                address(library, "ompi_mpi_double"), address(library, "ompi_mpi_byte"), address(library, "ompi_mpi_op_sum"),
                address(library, "ompi_mpi_errors_return"), 1) : MPICH;
    }

    private static boolean isOpenMpi(NativeLibrary library) {
        try {
            return address(library, "ompi_mpi_comm_world") != 0;
        } catch (UnsatisfiedLinkError e) {
            return false;
        }
    }

    private static long address(NativeLibrary library, String symbol) {
        return Pointer.nativeValue(library.getGlobalVariableAddress(symbol));
    }
}
