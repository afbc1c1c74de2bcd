package ai.spattention.train.distributed;

import com.sun.jna.Library;
import com.sun.jna.Pointer;

/**
 * The functions of MPI that are used here, as the MPI standard's C binding has them. Handles are passed as 64-bit numbers: MPICH's are 32-bit
 * ints, of which a callee reads the lower half of a register; Open MPI's are addresses ({@link MpiHandles}).
 */
interface MpiApi extends Library {

    int SUCCESS = 0;
    int THREAD_MULTIPLE = 3; // in both families
    int MAX_ERROR_STRING = 512; // MPICH's; Open MPI's is 256

    int MPI_Initialized(Pointer flag);

    int MPI_Init_thread(Pointer argumentCount, Pointer arguments, int wanted, Pointer provided);

    int MPI_Comm_set_errhandler(long comm, long handler);

    int MPI_Comm_rank(long comm, Pointer rank);

    int MPI_Comm_size(long comm, Pointer size);

    int MPI_Reduce(long send, long receive, int count, long type, long operation, int root, long comm);

    int MPI_Reduce_scatter_block(long send, long receive, int countOfAPart, long type, long operation, long comm);

    int MPI_Allgather(long send, int sent, long sentType, long receive, int receivedFromEach, long receivedType, long comm);

    int MPI_Bcast(long buffer, int count, long type, int root, long comm);

    int MPI_Barrier(long comm);

    int MPI_Error_string(int code, Pointer text, Pointer length);

    int MPI_Get_library_version(Pointer text, Pointer length);

    int MPI_Abort(long comm, int code);

    int MPI_Finalize();
}
