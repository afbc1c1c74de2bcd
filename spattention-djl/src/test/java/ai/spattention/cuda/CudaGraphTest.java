package ai.spattention.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A driver that is made up says how captures end. */
class CudaGraphTest {

    private static final long GRAPH = 64;
    private static final long EXECUTABLE = 128;

    /** Answers with the codes that it was given, and keeps what it was asked. */
    private static final class Pretended implements CudaGraph.Recorder {

        final List<String> calls = new ArrayList<>();
        int begin;
        int end;
        int instantiate;

        @Override
        public int begin() {
            calls.add("begin");
            return begin;
        }

        @Override
        public int end(Pointer graph) {
            calls.add("end");
            if (end == 0) {
                graph.setPointer(0, new Pointer(GRAPH));
            }
            return end;
        }

        @Override
        public int instantiate(Pointer executable, Pointer graph) {
            calls.add("instantiate " + Pointer.nativeValue(graph));
            executable.setPointer(0, new Pointer(EXECUTABLE));
            return instantiate;
        }

        @Override
        public void destroy(Pointer graph) {
            calls.add("destroy " + Pointer.nativeValue(graph));
        }

        @Override
        public void check(String call, int code) {
            if (code != 0) {
                throw new CudaException(call + " failed: error " + code, code);
            }
        }

        Runnable work() {
            return () -> calls.add("work");
        }
    }

    @Test
    void whatIsRecordedIsMadeReadyAndTheRestIsDropped() {
        Pretended driver = new Pretended();
        assertEquals(EXECUTABLE, Pointer.nativeValue(CudaGraph.record(driver, driver.work())));
        assertEquals(List.of("begin", "work", "end", "instantiate 64", "destroy 64"), driver.calls);
    }

    @ParameterizedTest
    @ValueSource(ints = {800, 801, 900, 901, 904, 906, 908})
    void aRefusalIsNoFailure(int code) {
        Pretended begin = new Pretended();
        begin.begin = code;
        assertEquals("cuStreamBeginCapture failed: error " + code,
                assertThrows(GraphRefusedException.class, () -> CudaGraph.record(begin, begin.work())).getMessage());
        assertEquals(List.of("begin"), begin.calls);
        Pretended end = new Pretended();
        end.end = code;
        assertEquals("cuStreamEndCapture failed: error " + code,
                assertThrows(GraphRefusedException.class, () -> CudaGraph.record(end, end.work())).getMessage());
        Pretended instantiate = new Pretended();
        instantiate.instantiate = code;
        assertEquals("cuGraphInstantiate failed: error " + code,
                assertThrows(GraphRefusedException.class, () -> CudaGraph.record(instantiate, instantiate.work())).getMessage());
        assertEquals(List.of("begin", "work", "end", "instantiate 64", "destroy 64"), instantiate.calls);
        Pretended launch = new Pretended();
        assertThrows(GraphRefusedException.class, () -> CudaGraph.record(launch, () -> launch.check("cuLaunchKernel", code)));
        assertEquals(List.of("begin", "end", "destroy 64"), launch.calls, "the stream leaves the capture, and nothing is kept");
    }

    /** Out of memory, no device, an illegal address, a failed launch, and an error of what comes after captures. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 100, 700, 719, 899, 909, 999})
    void whatIsWrongStaysAFailure(int code) {
        Pretended begin = new Pretended();
        begin.begin = code;
        assertEquals(code, assertThrows(CudaException.class, () -> CudaGraph.record(begin, begin.work())).code());
        Pretended end = new Pretended();
        end.end = code;
        assertThrows(CudaException.class, () -> CudaGraph.record(end, end.work()));
        Pretended instantiate = new Pretended();
        instantiate.instantiate = code;
        assertThrows(CudaException.class, () -> CudaGraph.record(instantiate, instantiate.work()));
        Pretended launch = new Pretended();
        launch.end = 901; // a capture in which a launch failed may be invalid for that
        assertThrows(CudaException.class, () -> CudaGraph.record(launch, () -> launch.check("cuLaunchKernel", code)));
    }

    @Test
    void aLibrarysFailureIsARefusalWhereItSpoiledTheCapture() {
        IllegalStateException failure = new IllegalStateException("the library does not do that");
        Runnable work = () -> {
            throw failure;
        };
        Pretended spoiled = new Pretended();
        spoiled.end = 901;
        assertSame(failure, assertThrows(GraphRefusedException.class, () -> CudaGraph.record(spoiled, work)).getCause());
        Pretended whole = new Pretended();
        assertSame(failure, assertThrows(IllegalStateException.class, () -> CudaGraph.record(whole, work)));
    }
}
