/* NCCL's functions over the host's memory, for ranks that are threads of one process. What was called is kept as text. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { char bytes[128]; } ncclUniqueId;

enum { MOST_RANKS = 8 };

typedef struct {
    int size;
    pthread_barrier_t barrier;
    const void *send[MOST_RANKS];
} group_t;

typedef struct { group_t *group; int rank; } comm_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static group_t *group;
static char calls[1 << 16];
static char failing[64];
static int asynchronous, version = 22105;

const char *stub_calls(void) { return calls; }
void stub_clear(void) { calls[0] = 0; failing[0] = 0; asynchronous = 0; version = 22105; }
void stub_fail(const char *function) { strncpy(failing, function, sizeof failing - 1); }
void stub_fail_later(int code) { asynchronous = code; }
void stub_version(int number) { version = number; }

static void note(const char *line) {
    pthread_mutex_lock(&lock);
    strncat(calls, line, sizeof calls - strlen(calls) - 1);
    strncat(calls, "\n", sizeof calls - strlen(calls) - 1);
    pthread_mutex_unlock(&lock);
}

static int fails(const char *function) { return strcmp(failing, function) == 0 ? 3 : 0; }

int ncclGetVersion(int *number) { *number = version; return 0; }
const char *ncclGetErrorString(int code) { return code == 3 ? "internal error" : code == 6 ? "remote process exited" : "unknown"; }
#ifndef WITHOUT_LAST_ERROR
const char *ncclGetLastError(void *comm) { return "the last\n words"; }
#endif

int ncclGetUniqueId(ncclUniqueId *id) {
    for (int i = 0; i < 128; i++) id->bytes[i] = (char) (3 * i + 1);
    return fails("ncclGetUniqueId");
}

int ncclCommInitRank(void **comm, int size, ncclUniqueId id, int rank) {
    char line[128];
    int whole = 1;
    for (int i = 0; i < 128; i++) whole &= id.bytes[i] == (char) (3 * i + 1);
    snprintf(line, sizeof line, "init %d of %d, id %s", rank, size, whole ? "whole" : "damaged");
    note(line);
    if (fails("ncclCommInitRank")) return 3;
    pthread_mutex_lock(&lock);
    if (group == NULL || group->size != size) {
        group = calloc(1, sizeof *group);
        group->size = size;
        pthread_barrier_init(&group->barrier, NULL, size);
    }
    comm_t *made = malloc(sizeof *made);
    made->group = group;
    made->rank = rank;
    pthread_mutex_unlock(&lock);
    *comm = made;
    return 0;
}

static void noteCall(const char *name, comm_t *comm, const void *send, void *receive, size_t count, int type, int third, void *stream) {
    char line[256];
    snprintf(line, sizeof line, "%s rank %d: receive - send %ld, count %zu, type %d, %d, stream %p", name, comm->rank,
            (long) ((char *) receive - (const char *) send), count, type, third, stream);
    note(line);
}

static size_t width(int type) { return type == 1 ? 1 : type == 7 ? 4 : 8; }

/* The sums of one rank's elements [begin, begin + count), in the order of the ranks. */
static void *sums(group_t *of, size_t begin, size_t count, int type) {
    char *sum = calloc(count + 1, width(type));
    for (int rank = 0; rank < of->size; rank++) {
        for (size_t i = 0; i < count; i++) {
            if (type == 7) ((float *) sum)[i] += ((const float *) of->send[rank])[begin + i];
            else ((double *) sum)[i] += ((const double *) of->send[rank])[begin + i];
        }
    }
    return sum;
}

static int reduced(comm_t *comm, const void *send, void *receive, size_t begin, size_t count, int type) {
    comm->group->send[comm->rank] = send;
    pthread_barrier_wait(&comm->group->barrier);
    void *sum = sums(comm->group, begin, count, type);
    pthread_barrier_wait(&comm->group->barrier);
    memcpy(receive, sum, count * width(type));
    free(sum);
    return 0;
}

int ncclAllReduce(const void *send, void *receive, size_t count, int type, int op, void *comm, void *stream) {
    noteCall("allReduce", comm, send, receive, count, type, op, stream);
    return fails("ncclAllReduce") ? 3 : reduced(comm, send, receive, 0, count, type);
}

int ncclReduceScatter(const void *send, void *receive, size_t count, int type, int op, void *comm, void *stream) {
    noteCall("reduceScatter", comm, send, receive, count, type, op, stream);
    return reduced(comm, send, receive, ((comm_t *) comm)->rank * count, count, type);
}

int ncclAllGather(const void *send, void *receive, size_t count, int type, void *comm, void *stream) {
    comm_t *own = comm;
    noteCall("allGather", comm, send, receive, count, type, -1, stream);
    own->group->send[own->rank] = send;
    pthread_barrier_wait(&own->group->barrier);
    for (int rank = 0; rank < own->group->size; rank++) {
        memmove((char *) receive + rank * count * width(type), own->group->send[rank], count * width(type));
    }
    pthread_barrier_wait(&own->group->barrier);
    return 0;
}

int ncclBroadcast(const void *send, void *receive, size_t count, int type, int root, void *comm, void *stream) {
    comm_t *own = comm;
    noteCall("broadcast", comm, send, receive, count, type, root, stream);
    own->group->send[own->rank] = send;
    pthread_barrier_wait(&own->group->barrier);
    memmove(receive, own->group->send[root], count * width(type));
    pthread_barrier_wait(&own->group->barrier);
    return 0;
}

int ncclCommGetAsyncError(void *comm, int *code) { *code = asynchronous; return 0; }
int ncclCommAbort(void *comm) { note("abort"); return fails("ncclCommAbort"); }
int ncclCommDestroy(void *comm) { note("destroy"); return fails("ncclCommDestroy"); }
