package ai.spattention.torch;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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

    /** So many numbers are kept. */
    private static final int CONSTANTS = 256;

    private final NDManager manager;
    private final PtSymbolBlock module;
    private final Map<String, TorchScriptMethod> methods;
    /** What tells DJL which method to run: an array with the method's name in its own. */
    private final Map<String, NDArray> methodMarkers = new ConcurrentHashMap<>();
    /** Numbers, truth values and null as arrays. */
    private final Map<Optional<Object>, NDArray> constants = new ConcurrentHashMap<>();

    private TorchScriptModule(NDManager manager, PtSymbolBlock module, Map<String, TorchScriptMethod> methods) {
        this.manager = manager;
        this.module = module;
        this.methods = methods;
    }

    /**
     * Loads a module from resources of TorchScript source: functions in column one whose first parameter is
     * {@code self}, written with the functions of the {@code torch} namespace. All become methods of one module; Java can call those
     * whose first argument is a tensor or a list of tensors.
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

    static TorchScriptModule ofSource(String source) {
        NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        manager.setName("TorchScript operators");
        Map<String, TorchScriptMethod> methods = new LinkedHashMap<>();
        StringBuilder withEntries = new StringBuilder(source);
        for (TorchScriptMethod method : TorchScriptMethod.of(source)) {
            if (method.isCallable()) {
                methods.put(method.name(), method);
                withEntries.append('\n').append(method.entry());
            }
        }
        byte[] archive = TorchScriptArchive.of(withEntries.toString());
        try {
            PtSymbolBlock module =
                    JniUtils.loadModule((PtNDManager) manager, new ByteArrayInputStream(archive), true, false);
            return new TorchScriptModule(manager, module, methods);
        } catch (IOException e) {
            manager.close();
            throw new EngineException("cannot load the TorchScript operators", e);
        }
    }

    /**
     * Runs a method; autograd may pass through the results.
     *
     * <p>What an argument is decides how TorchScript declares it: {@link NDArray} is {@code Tensor}, {@link NDList} (not empty)
     * {@code List[Tensor]}, an array or null {@code Optional[Tensor]} (an array without elements arrives as null does), {@code double}
     * and {@code float} are {@code float}, {@code long} and {@code int} are {@code int}, {@code boolean} is {@code bool} and {@code long[]}
     * {@code List[int]}, as are numbers of {@link EngineArrays#onHost}, made once for many calls. DJL itself passes only tensors through a
     * call with autograd; {@link TorchScriptMethod} tells how others get there.
     *
     * @param method the method's name
     * @param arguments the arguments in order, the first an array or a list of arrays
     * @return the results, attached to the first array's manager
     * @throws IllegalArgumentException if there is no such method, or the arguments are not what it takes
     * @throws EngineException if libtorch fails
     */
    public NDList call(String method, Object... arguments) {
        return run(method, true, arguments);
    }

    /**
     * Runs a method, with {@link #call}'s arguments, where nobody will ask for gradients: the results are inference tensors, which
     * autograd refuses.
     *
     * @param method the method's name
     * @param arguments the arguments in order, the first an array or a list of arrays
     * @return the results, attached to the first array's manager
     * @throws IllegalArgumentException if there is no such method, or the arguments are not what it takes
     * @throws EngineException if libtorch fails
     */
    public NDList infer(String method, Object... arguments) {
        return run(method, false, arguments);
    }

    private NDList run(String name, boolean differentiable, Object... arguments) {
        TorchScriptMethod method = methods.get(name);
        if (method == null) {
            throw new IllegalArgumentException("no TorchScript method that Java can call is named " + name + " (there are "
                    + String.join(", ", methods.keySet()) + ")");
        }
        if (arguments.length != method.parameters().size()) {
            throw new IllegalArgumentException(name + " takes " + method.parameters().size() + " arguments (got " + arguments.length + ")");
        }
        NDList inputs = new NDList();
        List<String> ownNames = new ArrayList<>();
        List<NDArray> ownArrays = new ArrayList<>();
        try {
            for (int i = 0; i < arguments.length; i++) {
                Optional<Object> argument = method.fitted(i, arguments[i]);
                if (argument.isPresent() && argument.get() instanceof NDList list) {
                    String shared = isList(list.get(0).getName()) ? list.get(0).getName() : "list" + i + "[]";
                    for (NDArray array : list) {
                        add(inputs, ownNames, array, shared);
                    }
                } else {
                    NDArray array = argument.isPresent() && argument.get() instanceof NDArray given ? given : onHost(argument, ownArrays);
                    add(inputs, ownNames, array, isPlain(array.getName()) ? array.getName() : null);
                }
            }
            inputs.add(methodMarkers.computeIfAbsent(method.entryName(), this::marker));
            JniUtils.setGraphExecutorOptimize(false);
            return IValueUtils.forward(module, inputs, differentiable);
        } finally {
            JniUtils.setGraphExecutorOptimize(OPTIMIZE_ELSEWHERE);
            for (int i = ownNames.size() - 1; i >= 0; i--) { // back to front: an array may come twice
                rename(inputs.get(i), ownNames.get(i));
            }
            ownArrays.forEach(NDArray::close);
        }
    }

    /**
     * What is no tensor as one. Values mostly come again: the first ones are kept, which saves making them, and DJL, which frees no
     * argument of a call that fails, from scattering small arrays over libtorch's memory.
     */
    private NDArray onHost(Optional<Object> value, List<NDArray> ownArrays) {
        boolean list = value.isPresent() && value.get() instanceof long[];
        NDArray known = list ? null : constants.get(value);
        if (known == null && !list && constants.size() < CONSTANTS) {
            known = constants.computeIfAbsent(value, this::create);
        }
        if (known != null) {
            return known;
        }
        NDArray own = create(value);
        ownArrays.add(own);
        return own;
    }

    private NDArray create(Optional<Object> value) {
        Object plain = value.orElse(null);
        if (plain instanceof long[] numbers) {
            return manager.create(numbers, new Shape(numbers.length));
        } else if (plain instanceof Double number) {
            return manager.create(number.doubleValue());
        } else if (plain instanceof Long number) {
            return manager.create(number.longValue());
        } else if (plain instanceof Boolean truth) {
            return manager.create(truth.booleanValue());
        }
        return manager.create(new Shape(0), DataType.FLOAT32); // nothing in the place of an Optional[Tensor]
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
