package ai.spattention.train.distributed;

import com.sun.jna.Library;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;

/** The functions of NCCL (since 2.13) that are used here, as nccl.h has them. Streams are cudaStream_t, which CUstream is too. */
interface NcclApi extends Library {

    // ncclResult_t
    int SUCCESS = 0;
    int IN_PROGRESS = 7;

    // ncclDataType_t
    int UINT8 = 1;
    int FLOAT32 = 7;
    int FLOAT64 = 8;

    int SUM = 0; // ncclRedOp_t

    /** ncclUniqueId, which is passed by value. */
    @Structure.FieldOrder("bytes")
    final class UniqueId extends Structure implements Structure.ByValue {

        /** The size of an id. */
        public static final int BYTES = 128;

        /** What rank 0 has drawn. */
        public byte[] bytes = new byte[BYTES];
    }

    int ncclGetVersion(Pointer version);

    int ncclGetUniqueId(Pointer id);

    int ncclCommInitRank(Pointer comm, int size, UniqueId id, int rank);

    int ncclAllReduce(Pointer send, Pointer receive, long count, int type, int operation, Pointer comm, Pointer stream);

    int ncclReduceScatter(Pointer send, Pointer receive, long countOfAPart, int type, int operation, Pointer comm, Pointer stream);

    int ncclAllGather(Pointer send, Pointer receive, long countOfAPart, int type, Pointer comm, Pointer stream);

    int ncclBroadcast(Pointer send, Pointer receive, long count, int type, int root, Pointer comm, Pointer stream);

    int ncclCommGetAsyncError(Pointer comm, Pointer code);

    int ncclCommAbort(Pointer comm);

    int ncclCommDestroy(Pointer comm);

    String ncclGetErrorString(int code);

    String ncclGetLastError(Pointer comm);
}
