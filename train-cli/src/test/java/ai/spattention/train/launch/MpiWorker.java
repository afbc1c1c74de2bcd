package ai.spattention.train.launch;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;

/** A process that adds its rank to those of the others by MPICH, and prints the sum. */
final class MpiWorker {

    private static final int WORLD = 0x44000000;
    private static final int INT = 0x4c000405;
    private static final int SUM = 0x58000003;

    /** MPICH's C interface, whose handles are numbers. */
    interface Mpi extends Library {

        int MPI_Init(Pointer argumentCount, Pointer arguments);

        int MPI_Comm_rank(int communicator, int[] rank);

        int MPI_Comm_size(int communicator, int[] size);

        int MPI_Allreduce(int[] send, int[] receive, int count, int type, int operation, int communicator);

        int MPI_Finalize();
    }

    private MpiWorker() {}

    public static void main(String[] arguments) {
        Mpi mpi = Native.load("mpich", Mpi.class);
        int[] rank = new int[1];
        int[] size = new int[1];
        int[] sum = new int[1];
        mpi.MPI_Init(null, null);
        mpi.MPI_Comm_rank(WORLD, rank);
        mpi.MPI_Comm_size(WORLD, size);
        mpi.MPI_Allreduce(new int[] {rank[0] + 1}, sum, 1, INT, SUM, WORLD);
        mpi.MPI_Finalize();
        System.err.println("MPI rank " + rank[0] + " of " + size[0] + ", sum " + sum[0]);
    }
}
