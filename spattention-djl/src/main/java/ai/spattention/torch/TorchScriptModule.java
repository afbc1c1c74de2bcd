package ai.spattention.torch;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Methods written in TorchScript, callable from Java and differentiable by libtorch's autograd. A module holds no
 * parameters and no state: one instance serves every device and thread, for as long as the process runs.
 */
public final class TorchScriptModule {

    /**
     * What holds for other TorchScript models of this thread. Ours run as they are written: libtorch's optimiser measures a
     * method's first calls and then runs other code, with other rounding, so that a resumed run would leave the path of one
     * that was never interrupted.
     */
    private static final boolean OPTIMIZE_ELSEWHERE =
            Boolean.parseBoolean(System.getProperty("ai.djl.pytorch.graph_optimizer", "true"));

    private final NDManager manager;
    private final PtSymbolBlock module;
    /** What tells DJL which method to run: an array with the method's name in its own. */
    private final Map<String, NDArray> methodMarkers = new ConcurrentHashMap<>();

    private TorchScriptModule(NDManager manager, PtSymbolBlock module) {
        this.manager = manager;
        this.module = module;
    }

    /**
     * Loads a module from resources of TorchScript source: functions in column one whose first parameter is
     * {@code self}, written with the functions of the {@code torch} namespace. All become methods of one module.
     *
     * @param owner the class whose package holds the resources
     * @param resources the resources' names
     * @return the module
     * @throws EngineException if libtorch rejects the source
     */
    public static TorchScriptModule load(Class<?> owner, String... resources) {
        return ofSource(Stream.of(resources).map(resource -> read(owner, resource)).collect(Collectors.joining("\n")));
    }

    private static String read(Class<?> owner, String resource) {
        try (InputStream in = owner.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("resource " + resource + " is missing beside " + owner.getName());
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new EngineException("cannot read resource " + resource, e);
        }
    }

    static TorchScriptModule ofSource(String methods) {
        NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        manager.setName("TorchScript operators");
        byte[] archive = TorchScriptArchive.of(methods);
        try {
            PtSymbolBlock module =
                    JniUtils.loadModule((PtNDManager) manager, new ByteArrayInputStream(archive), true, false);
            return new TorchScriptModule(manager, module);
        } catch (IOException e) {
            manager.close();
            throw new EngineException("cannot load the TorchScript operators", e);
        }
    }

    /**
     * Runs a method.
     *
     * @param method the method's name
     * @param differentiable whether autograd may pass through the results (while training); if false the results are
     *     inference tensors
     * @param arguments the arguments in order: an {@link NDArray} for a Tensor, a non-empty {@link NDList} for a
     *     {@code List[Tensor]}
     * @return the results, attached to the first array's manager
     */
    public NDList call(String method, boolean differentiable, Object... arguments) {
        NDList inputs = new NDList();
        List<String> ownNames = new ArrayList<>();
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] instanceof NDList list) {
                if (list.isEmpty()) {
                    throw new IllegalArgumentException("an empty list of tensors cannot be passed to " + method);
                }
                String name = isList(list.get(0).getName()) ? list.get(0).getName() : "list" + i + "[]";
                for (NDArray array : list) {
                    add(inputs, ownNames, array, name);
                }
            } else {
                NDArray array = (NDArray) arguments[i];
                add(inputs, ownNames, array, isPlain(array.getName()) ? array.getName() : null);
            }
        }
        inputs.add(methodMarkers.computeIfAbsent(method, this::marker));
        JniUtils.setGraphExecutorOptimize(false);
        try {
            return IValueUtils.forward(module, inputs, differentiable);
        } finally {
            JniUtils.setGraphExecutorOptimize(OPTIMIZE_ELSEWHERE);
            for (int i = ownNames.size() - 1; i >= 0; i--) { // back to front: an array may come twice
                rename(inputs.get(i), ownNames.get(i));
            }
        }
    }

    /**
     * DJL reads an array's name as a directive, so an argument whose name would say something else gets the name that the
     * call needs, for the call. Arrays that several threads share should have fitting names from the start: none for
     * single arrays, one that ends in {@code []} for the members of a list.
     */
    private static void add(NDList inputs, List<String> ownNames, NDArray array, String name) {
        ownNames.add(array.getName());
        rename(array, name);
        inputs.add(array);
    }

    private static void rename(NDArray array, String name) {
        if (!Objects.equals(array.getName(), name)) {
            array.setName(name);
        }
    }

    private static boolean isList(String name) {
        return name != null && name.matches("\\w+\\[]");
    }

    private static boolean isPlain(String name) {
        return name == null || name.matches("\\w*");
    }

    private NDArray marker(String method) {
        NDArray marker = manager.zeros(new Shape(1));
        marker.setName("module_method:" + method);
        return marker;
    }
}
