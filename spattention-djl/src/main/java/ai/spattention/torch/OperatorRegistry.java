package ai.spattention.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.spattention.torch.OperatorSignature.Type;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/**
 * A way to give an operator of ATen, on a device for which it has no kernel, one whose body is Java. What libtorch is given it
 * may call for as long as the process runs, so nothing of it is ever freed.
 */
abstract class OperatorRegistry {

    /** Nothing is allocated in it: its children own the arguments of one call each. */
    private static final PtNDManager ROOT = (PtNDManager) NDManager.newBaseManager(Device.cpu(), "PyTorch");

    private static final List<Object> KEPT = Collections.synchronizedList(new ArrayList<>());

    static {
        ROOT.setName("operators in Java");
    }

    /** How to register with the PyTorch that is loaded, or why that is not possible. */
    record Choice(Optional<Supplier<OperatorRegistry>> registry, String reason) {}

    /** Chooses the way that is known to work with the PyTorch that is loaded. */
    static Choice choose() {
        String version = Engine.getEngine("PyTorch").getVersion();
        Optional<String> unavailable = ThrowingEntry.unavailable();
        if (unavailable.isPresent()) {
            return new Choice(Optional.empty(), unavailable.get());
        }
        if (LoadedLibraries.find("libtorch_cpu.so").isEmpty()) {
            return new Choice(Optional.empty(), "PyTorch's libraries are not found among those of this process (it runs on Linux)");
        }
        return choose(version);
    }

    static Choice choose(String version) {
        if (version.startsWith("2.7.")) {
            return new Choice(Optional.of(ShimRegistry::new), "");
        }
        if (version.equals("2.5.1")) {
            return new Choice(Optional.of(BoxedRegistry::new), "");
        }
        return new Choice(Optional.empty(), "it is known to work with PyTorch 2.7 and 2.5.1 (this is " + version + ")");
    }

    /**
     * Registers a body.
     *
     * @param key the dispatch key, {@code CPU} or {@code CUDA}
     * @param signature the operator
     * @param body what it computes; what it throws libtorch throws on
     */
    abstract void register(String key, OperatorSignature signature, OperatorBody body);

    /** A further handle of a tensor, which its receiver deletes. */
    abstract long copy(long handle);

    /** A handle of a tensor without storage. */
    abstract long undefined();

    abstract void delete(long handle);

    /**
     * Runs a body. No exception leaves this method: there is no frame below to catch it.
     *
     * @param take takes the arguments over into a scope
     * @param give gets as many handles as there are results (0 where the result is a number)
     * @return 0, or what a {@link ThrowingEntry} throws; the arguments have been taken in any case
     */
    final long run(OperatorSignature signature, OperatorBody body, Function<PtNDManager, Object[]> take, Consumer<long[]> give) {
        long[] handles = new long[signature.results().size()];
        try (PtNDManager scope = (PtNDManager) ROOT.newSubManager()) {
            List<NDArray> computed = body.compute(scope, take.apply(scope));
            int next = 0;
            for (int i = 0; i < handles.length; i++) {
                if (signature.results().get(i) == Type.TENSOR) {
                    handles[i] = next < computed.size() ? copy(((PtNDArray) computed.get(next)).getHandle()) : undefined();
                    next++;
                }
            }
        } catch (Throwable e) { // errors, too
            OperatorFailures.add(signature.name(), e);
            LongStream.of(handles).filter(handle -> handle != 0).forEach(this::delete);
            return ThrowingEntry.message(e);
        }
        give.accept(handles);
        return 0;
    }

    static <T> T keep(T object) {
        KEPT.add(object);
        return object;
    }

    /** An array of a tensor; null for an undefined one. The scope deletes the handle. */
    static NDArray array(PtNDManager scope, long handle) {
        NDArray array = new PtNDArray(scope, handle);
        return new Pointer(handle).getLong(0) == Undefined.TENSOR ? null : array;
    }

    /** What undefined tensors point to. */
    private static final class Undefined {
        static final long TENSOR = Pointer.nativeValue(
                library("libc10.so").getGlobalVariableAddress("_ZN3c1019UndefinedTensorImpl10_singletonE"));
    }

    /** C++'s own functions. */
    static final class Cpp {

        static {
            Native.register(Cpp.class, library("libstdc++.so"));
        }

        private Cpp() {}

        /** {@code operator delete(void*)} */
        static native void _ZdlPv(long object);
    }

    static NativeLibrary library(String name) {
        return LoadedLibraries.find(name).orElseThrow(() -> new IllegalStateException(name + " is not loaded"));
    }

    /** What a function gave through its last argument, {@code ThreadMemory.own().address(0)}. */
    static long given(String function, int code) {
        check(function, code);
        return ThreadMemory.own().get(0);
    }

    static void check(String function, int code) {
        if (code != 0) {
            throw new IllegalStateException(function + " failed: libtorch says why on standard error");
        }
    }
}
