package ai.spattention.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AutogradOperatorTest {

    /** x · w · constant + b; says what it depends on, so that two of the same are one. */
    private record Affine(String failing, AtomicReference<Throwable> failure) implements AutogradFunction {

        Affine() {
            this("", null);
        }

        @Override
        public NDList forward(NDArray x, NDArray w, NDArray b, NDArray constant, long seed) {
            fail("forward");
            NDArray product = x.matMul(w);
            return new NDList((constant == null ? product : product.mul(constant)).add(b), product);
        }

        @Override
        public NDList backward(NDArray x, NDArray w, NDArray b, NDArray constant, long seed, NDList forward, NDArray gradient) {
            fail("backward");
            assertEquals(x.matMul(w), forward.get(1));
            NDArray scaled = constant == null ? gradient : gradient.mul(constant);
            return new NDList(scaled.matMul(w.transpose()), x.transpose().matMul(scaled), gradient.sum(new int[] {0}, true));
        }

        private void fail(String where) {
            if (failing.equals(where)) {
                if (failure.get() instanceof Error error) {
                    throw error;
                }
                throw (RuntimeException) failure.get();
            }
        }
    }

    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        JniUtils.setGradMode(true);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray leaf(long... shape) {
        NDArray array = manager.randomNormal(new Shape(shape));
        array.setRequiresGradient(true);
        return array;
    }

    private static void backward(NDArray result, boolean retainGraph) {
        try (NDArray one = result.getManager().ones(new Shape())) {
            JniUtils.backward((PtNDArray) result, (PtNDArray) one, retainGraph, false);
        }
    }

    private static void assertNear(NDArray expected, NDArray actual) {
        assertEquals(expected.getShape(), actual.getShape());
        assertArrayEquals(expected.toFloatArray(), actual.toFloatArray(), 1e-5f);
    }

    @Test
    void thePyTorchOfTheTestsCanCallJava() {
        Optional.ofNullable(System.getenv("PYTORCH_VERSION"))
                .ifPresent(version -> assertEquals(version, Engine.getEngine("PyTorch").getVersion()));
        assertEquals(Optional.empty(), AutogradOperator.unsupported(Device.cpu()), Engine.getEngine("PyTorch").getVersion());
        assertEquals(Optional.empty(), AutogradOperator.unsupported(Device.gpu()), "registering for CUDA needs no GPU");
    }

    @Test
    void otherVersionsAreRefusedByName() {
        for (String version : List.of("2.7.0", "2.7.1", "2.5.1")) {
            assertTrue(OperatorRegistry.choose(version).registry().isPresent(), version);
        }
        for (String version : List.of("2.5.0", "2.5.10", "2.6.0", "2.8.0", "2.70.0", "1.13.1")) {
            OperatorRegistry.Choice choice = OperatorRegistry.choose(version);
            assertTrue(choice.registry().isEmpty(), version);
            assertEquals("it is known to work with PyTorch 2.7 and 2.5.1 (this is " + version + ")", choice.reason());
        }
    }

    @Test
    void gradientsAreThoseOfTheEngine() {
        NDArray x = leaf(7, 5);
        NDArray w = leaf(5, 3);
        NDArray b = leaf(1, 3);
        NDArray gradient = manager.randomNormal(new Shape(7, 3));
        for (NDArray constant : new NDArray[] {null, manager.randomNormal(new Shape(7, 3))}) {
            NDArray result = AutogradOperator.apply(new Affine(), x, w, b, constant, 0);
            assertSame(manager, result.getManager());
            assertTrue(JniUtils.getGradientFunctionNames((PtNDArray) result).contains("ScaledDotProductCudnn"));
            assertNear(constant == null ? x.matMul(w).add(b) : x.matMul(w).mul(constant).add(b), result);
            backward(result.mul(gradient).sum(), false);
            List<NDArray> own = Stream.of(x, w, b).map(leaf -> leaf.getGradient().duplicate()).toList();
            Stream.of(x, w, b).forEach(leaf -> leaf.getGradient().muli(0));
            backward((constant == null ? x.matMul(w).add(b) : x.matMul(w).mul(constant).add(b)).mul(gradient).sum(), false);
            assertNear(x.getGradient(), own.get(0));
            assertNear(w.getGradient(), own.get(1));
            assertNear(b.getGradient(), own.get(2));
            Stream.of(x, w, b).forEach(leaf -> leaf.getGradient().muli(0));
        }
    }

    /** first + second + third, in which the forward pass writes down its seed, and the backward pass wants it as written. */
    private record Seeded() implements AutogradFunction {

        @Override
        public NDList forward(NDArray first, NDArray second, NDArray third, NDArray constant, long seed) {
            return new NDList(first.add(second).add(third), first.getManager().create((double) seed).duplicate());
        }

        @Override
        public NDList backward(NDArray first, NDArray second, NDArray third, NDArray constant, long seed, NDList forward,
                NDArray gradient) {
            assertEquals((long) forward.get(1).getDouble(), seed);
            float low = seed & 0xffff;
            return new NDList(gradient.mul(low), gradient.duplicate(), gradient.duplicate());
        }
    }

    @Test
    void theBackwardPassGetsTheForwardPassesSeed() {
        for (NDArray constant : new NDArray[] {null, manager.zeros(new Shape(1, 1))}) {
            NDArray x = leaf(2, 3);
            long[] seeds = {5, 0, (1L << 53) - 1, (1L << 52) + 70_001};
            NDArray sum = manager.zeros(new Shape());
            for (long seed : seeds) { // all forward passes before the first backward pass
                sum = sum.add(AutogradOperator.apply(new Seeded(), x, leaf(2, 3), leaf(2, 3), constant, seed).sum());
            }
            backward(sum, false);
            assertNear(manager.full(new Shape(2, 3), 5f + 0 + 65_535 + (70_001 - 65_536)), x.getGradient());
        }
    }

    @Test
    void seedsThatANumberOfLibtorchsCannotHoldAreRefused() {
        for (long seed : new long[] {-1, 1L << 53}) {
            assertEquals("a seed lies in [0, 2^53) (got " + seed + ")", assertThrows(IllegalArgumentException.class,
                    () -> AutogradOperator.apply(new Seeded(), leaf(2, 3), leaf(2, 3), leaf(2, 3), null, seed)).getMessage());
        }
    }

    @Test
    void onlyWhatWantsAGradientGetsOne() {
        NDArray x = manager.randomNormal(new Shape(2, 3));
        NDArray w = leaf(3, 2);
        backward(AutogradOperator.apply(new Affine(), x, w, manager.zeros(new Shape(1, 2)), null, 0).sum(), false);
        assertNear(x.transpose().matMul(manager.ones(new Shape(2, 2))), w.getGradient());
        assertFalse(x.hasGradient());
    }

    @Test
    void aRetainedGraphIsWalkedAgain() {
        NDArray x = leaf(2, 3);
        NDArray result = AutogradOperator.apply(new Affine(), x, leaf(3, 2), leaf(1, 2), null, 0).sum();
        backward(result, true);
        NDArray once = x.getGradient().duplicate();
        backward(result, false);
        assertNear(once.mul(2), x.getGradient());
        assertThrows(EngineException.class, () -> backward(result, false), "the graph is freed");
    }

    @Test
    void nothingIsRecordedWithoutGradients() {
        NDArray x = leaf(2, 3);
        JniUtils.setGradMode(false);
        try {
            NDArray result = AutogradOperator.apply(new Affine(), x, leaf(3, 2), leaf(1, 2), null, 0);
            JniUtils.setGradMode(true);
            assertThrows(EngineException.class, () -> backward(result.sum(), false));
        } finally {
            JniUtils.setGradMode(true);
        }
    }

    @Test
    void aBackwardPassOfTheBackwardPassIsRefused() {
        NDArray x = leaf(2, 3);
        NDArray result = AutogradOperator.apply(new Affine(), x, leaf(3, 2), leaf(1, 2), null, 0);
        NDArray loss = result.mul(result).sum();
        JniUtils.backward((PtNDArray) loss, (PtNDArray) manager.ones(new Shape()), true, true);
        NDArray again = x.getGradient().sum();
        EngineException refused = assertThrows(EngineException.class, () -> backward(again, false));
        assertTrue(refused.getMessage().contains("not implemented"), refused.getMessage());
    }

    @Test
    void whatTheForwardPassThrowsReachesTheCaller() {
        IllegalArgumentException failure = new IllegalArgumentException("too few rows");
        Affine failing = new Affine("forward", new AtomicReference<>(failure));
        NDArray x = leaf(2, 3);
        assertSame(failure, assertThrows(IllegalArgumentException.class,
                () -> AutogradOperator.apply(failing, x, leaf(3, 2), leaf(1, 2), null, 0)));
        gradientsAreThoseOfTheEngine(); // and does no harm to what follows
    }

    @Test
    void whatTheBackwardPassThrowsBecomesTheEnginesException() {
        for (Throwable failure : new Throwable[] {new IllegalStateException("no memory left on gpu0: 2 GiB µ"), new StackOverflowError()}) {
            Affine failing = new Affine("backward", new AtomicReference<>(failure));
            NDArray x = leaf(2, 3);
            NDArray result = AutogradOperator.apply(failing, x, leaf(3, 2), leaf(1, 2), null, 0).sum();
            EngineException thrown = assertThrows(EngineException.class, () -> backward(result, false));
            assertEquals(failure.toString(), thrown.getMessage());
        }
        gradientsAreThoseOfTheEngine();
    }

    @Test
    void aStrangersCallIsNotAnswered() {
        TorchScriptModule module = TorchScriptModule.load(AutogradOperator.class, "autograd.torchscript");
        String message = assertThrows(EngineException.class,
                () -> module.call("cudnn", leaf(2, 3), leaf(3, 2), leaf(1, 2), null, 0.0, 0.125)).getMessage();
        assertTrue(message.contains("on this device the operator serves SPAttention for Java only"), message);
    }

    @Test
    void twoThreadsDoNotDisturbEachOther() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int thread = 0; thread < 2; thread++) {
                boolean fails = thread == 1;
                all.add(threads.submit((Callable<Void>) () -> {
                    JniUtils.setGradMode(true);
                    for (int i = 0; i < 200; i++) {
                        if (fails && i % 3 == 0) {
                            Affine failing = new Affine("forward", new AtomicReference<>(new IllegalStateException("asked for")));
                            assertThrows(IllegalStateException.class,
                                    () -> AutogradOperator.apply(failing, leaf(2, 3), leaf(3, 2), leaf(1, 2), null, 0));
                        } else {
                            NDArray x = leaf(2, 3);
                            NDArray w = leaf(3, 2);
                            backward(AutogradOperator.apply(new Affine(), x, w, leaf(1, 2), null, 0).sum(), false);
                            assertNear(manager.ones(new Shape(2, 2)).matMul(w.transpose()), x.getGradient());
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** The product of three arrays, whose backward pass needs none of their matrices: large arrays, little to compute. */
    private record Product(boolean failing) implements AutogradFunction {

        @Override
        public NDList forward(NDArray first, NDArray second, NDArray third, NDArray constant, long seed) {
            if (failing) {
                throw new IllegalStateException("asked for");
            }
            return new NDList(first.mul(second).mul(third), first.duplicate());
        }

        @Override
        public NDList backward(NDArray first, NDArray second, NDArray third, NDArray constant, long seed, NDList forward,
                NDArray gradient) {
            if (constant != null) {
                throw new IllegalStateException("asked for");
            }
            return new NDList(gradient.mul(second), gradient.mul(first), gradient.mul(third));
        }
    }

    @Test
    void memoryStaysFlat() throws IOException {
        NDArray[] leaves = {leaf(64, 1024), leaf(64, 1024), leaf(64, 1024)};
        NDArray constant = manager.zeros(new Shape(1, 1));
        Product product = new Product(false);
        Product failing = new Product(true);
        long before = 0;
        for (int i = 0; i < 2000; i++) {
            try (NDManager scope = manager.newSubManager()) {
                scope.tempAttachAll(leaves);
                if (i % 5 == 0) {
                    assertThrows(IllegalStateException.class,
                            () -> AutogradOperator.apply(failing, leaves[0], leaves[1], leaves[2], null, 0));
                }
                backward(AutogradOperator.apply(product, leaves[0], leaves[1], leaves[2], null, 0).sum(), false);
                if (i % 500 == 0) {
                    NDArray fails = AutogradOperator.apply(product, leaves[0], leaves[1], leaves[2], constant, 0).sum();
                    assertThrows(EngineException.class, () -> backward(fails, false));
                }
            }
            if (i == 300) {
                before = residentBytes();
            }
        }
        long grown = residentBytes() - before;
        assertTrue(grown < 100 << 20, "one array of 256 KiB a call would be 425 MiB; grown by " + (grown >> 20) + " MiB");
    }

    private static long residentBytes() throws IOException {
        System.gc(); // gives back what the Java heap has grown by: arrays lie outside it
        return 4096 * Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]);
    }

    @Test
    void aSecondClassLoaderIsRefused() throws Exception {
        assertEquals(Optional.empty(), AutogradOperator.unsupported(Device.cpu()));
        URL own = AutogradOperator.class.getProtectionDomain().getCodeSource().getLocation();
        URL resources = AutogradOperator.class.getResource("/ai/spattention/torch/autograd.torchscript");
        ClassLoader parent = AutogradOperatorTest.class.getClassLoader();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {own, resources}, parent) {
            @Override
            protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                if (!name.startsWith("ai.spattention.")) {
                    return super.loadClass(name, resolve);
                }
                Class<?> loaded = findLoadedClass(name);
                return loaded == null ? findClass(name) : loaded;
            }
        }) {
            Object unsupported = loader.loadClass(AutogradOperator.class.getName()).getMethod("unsupported", Device.class)
                    .invoke(null, Device.cpu());
            assertEquals(Optional.of("another class loader of this process has registered its operators"), unsupported);
        }
    }
}
