package ai.spattention.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.spattention.torch.OperatorSignature.Type;
import com.sun.jna.Callback;
import com.sun.jna.CallbackThreadInitializer;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A way to give an operator of ATen, on a device for which it has no kernel, one whose body is Java. What libtorch is given it
 * may call for as long as the process runs, so nothing of it is ever freed.
 */
abstract class OperatorRegistry {

    /** Nothing is allocated in it: its children own the arguments of one call each. */
    private static final PtNDManager ROOT = (PtNDManager) NDManager.newBaseManager(Device.cpu(), "PyTorch");

    /** A thread of libtorch's becomes one of Java's at its first call and stays it: to attach it anew costs 40 µs a call. */
    private static final CallbackThreadInitializer STAYS_ATTACHED = new CallbackThreadInitializer(true, false, "libtorch autograd");

    private static final List<Object> KEPT = Collections.synchronizedList(new ArrayList<>());

    static {
        ROOT.setName("operators in Java");
    }

    /** How to register with the PyTorch that is loaded, or why that is not possible. */
    record Choice(Optional<Supplier<OperatorRegistry>> registry, String reason) {}

    /** Chooses the way that is known to work with the PyTorch that is loaded. */
    static Choice choose() {
        String version = Engine.getEngine("PyTorch").getVersion();
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
     * @param body what it computes
     * @param poison the result's tensors where the body fails: null for undefined ones
     */
    abstract void register(String key, OperatorSignature signature, OperatorBody body, Shape poison);

    /** A further handle of a tensor, which its receiver deletes. */
    abstract long copy(long handle);

    /** A handle of a tensor without storage. */
    abstract long undefined();

    abstract void delete(long handle);

    /**
     * Runs a body. Nothing leaves this method but as many handles as there are results (0 where the result is a number): an
     * exception would leave libtorch with the arguments as results.
     *
     * @param take takes the arguments over into a scope
     */
    final long[] run(OperatorSignature signature, OperatorBody body, NDArray poison, Function<PtNDManager, Object[]> take) {
        long[] handles = new long[signature.results().size()];
        int made = 0;
        try (PtNDManager scope = (PtNDManager) ROOT.newSubManager()) {
            List<NDArray> computed = body.compute(scope, take.apply(scope));
            int next = 0;
            for (; made < handles.length; made++) {
                if (signature.results().get(made) == Type.TENSOR) {
                    handles[made] = next < computed.size() ? copy(((PtNDArray) computed.get(next)).getHandle()) : undefined();
                    next++;
                }
            }
        } catch (Throwable e) { // errors, too: there is no frame below to catch them
            OperatorFailures.add(signature.name(), e);
            for (int i = 0; i < handles.length; i++) {
                if (i < made && handles[i] != 0) {
                    delete(handles[i]);
                }
                handles[i] = signature.results().get(i) != Type.TENSOR ? 0
                        : poison == null ? undefined() : copy(((PtNDArray) poison).getHandle());
            }
        }
        return handles;
    }

    /** Zeros of a shape, for ever; null for no shape. */
    static NDArray poison(Shape shape) {
        return shape == null ? null : keep(ROOT.zeros(shape));
    }

    static <T> T keep(T object) {
        KEPT.add(object);
        return object;
    }

    static <C extends Callback> C entry(C callback) {
        Native.setCallbackThreadInitializer(callback, STAYS_ATTACHED);
        return keep(callback);
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
