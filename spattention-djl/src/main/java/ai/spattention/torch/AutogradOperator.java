package ai.spattention.torch;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes an {@link AutogradFunction} a node of libtorch's autograd graph, so that it serves in any DJL model and any Trainer. DJL
 * offers no such thing; the node is an operator of libtorch's own that lacks a kernel on the device and is given one in Java
 * ({@link OperatorCarrier}). Nothing that libtorch can do by itself is changed.
 *
 * <p>What a function's forward pass throws reaches the caller. What its backward pass throws goes to the log, and the engine throws
 * an {@link EngineException} with its class and message. A graph may be walked again where it is retained; a backward pass of the
 * backward pass is refused by libtorch.
 */
public final class AutogradOperator {

    /** Set by the class loader whose classes have registered: a second one would take the operators away from the first. */
    private static final String OWNER = "ai.spattention.torch.operators";

    /** An id that no caller of the operators gives as a scale by chance. */
    private static final long FIRST_NUMBER = 7_000_000_001L;

    private static final long SEEDS = 1L << 53; // the whole numbers that a double holds

    /** Each function's number. */
    private static final Map<AutogradFunction, Long> NUMBERS = new ConcurrentHashMap<>();
    private static final Map<Long, AutogradFunction> FUNCTIONS = new ConcurrentHashMap<>();
    private static final AtomicLong NEXT = new AtomicLong(FIRST_NUMBER);

    private AutogradOperator() {}

    /** Registers when first used. */
    private static final class Registered {

        static final TorchScriptModule MODULE = TorchScriptModule.load(AutogradOperator.class, "autograd.torchscript");
        static final Map<OperatorCarrier, Optional<String>> UNSUPPORTED = register();

        @SuppressWarnings("LockOnNonEnclosingClassLiteral") // whatever loads this class, they all share System
        private static Map<OperatorCarrier, Optional<String>> register() {
            Map<OperatorCarrier, Optional<String>> unsupported = new EnumMap<>(OperatorCarrier.class);
            OperatorRegistry.Choice choice = OperatorRegistry.choose();
            String own = Integer.toHexString(System.identityHashCode(AutogradOperator.class));
            String owner;
            synchronized (System.class) {
                owner = System.getProperty(OWNER, own);
                System.setProperty(OWNER, owner);
            }
            for (OperatorCarrier carrier : OperatorCarrier.values()) {
                unsupported.put(carrier, choice.registry().isEmpty() ? Optional.of(choice.reason())
                        : !owner.equals(own) ? Optional.of("another class loader of this process has registered its operators")
                        : register(choice.registry().get().get(), carrier));
            }
            return unsupported;
        }

        private static Optional<String> register(OperatorRegistry registry, OperatorCarrier carrier) {
            try {
                registry.register(carrier.key(), carrier.forward(), (scope, arguments) -> forward(carrier, arguments));
                registry.register(carrier.key(), carrier.backward(), (scope, arguments) -> backward(carrier, arguments));
                return Optional.empty();
            } catch (RuntimeException | LinkageError e) {
                return Optional.of("registering an operator failed (" + e.getMessage() + ")");
            }
        }
    }

    private static NDList forward(OperatorCarrier carrier, Object[] arguments) {
        return function(arguments[carrier.forwardFunction()]).forward((NDArray) arguments[0], (NDArray) arguments[1],
                (NDArray) arguments[2], (NDArray) arguments[carrier.forwardConstant()],
                ((Double) arguments[carrier.forwardSeed()]).longValue());
    }

    private static NDList backward(OperatorCarrier carrier, Object[] arguments) {
        return function(arguments[carrier.backwardFunction()]).backward((NDArray) arguments[1], (NDArray) arguments[2],
                (NDArray) arguments[3], (NDArray) arguments[carrier.backwardConstant()],
                ((Double) arguments[carrier.backwardSeed()]).longValue(),
                new NDList((NDArray) arguments[4], (NDArray) arguments[5]), (NDArray) arguments[0]);
    }

    private static AutogradFunction function(Object number) {
        AutogradFunction function = number == null ? null : FUNCTIONS.get(((Double) number).longValue());
        if (function == null) {
            throw new IllegalStateException("on this device the operator serves SPAttention for Java only");
        }
        return function;
    }

    /**
     * Why functions cannot take part in autograd on a device. To ask registers the operators.
     *
     * @param device the device
     * @return the reason, for people, starting in lower case; empty if they can
     */
    public static Optional<String> unsupported(Device device) {
        return Registered.UNSUPPORTED.get(carrier(device));
    }

    private static OperatorCarrier carrier(Device device) {
        return device.isGpu() ? OperatorCarrier.FLASH_FOR_CPU : OperatorCarrier.CUDNN;
    }

    /**
     * Computes a function; autograd passes through the result.
     *
     * @param function the function
     * @param first its first argument, of two axes or more
     * @param second its second argument, another array than the first
     * @param third its third argument, another array than the others
     * @param constant what no gradient is wanted of, or null
     * @param seed for the function's random numbers, in [0, 2^53): its backward pass gets what its forward pass got
     * @return the function's result, attached to the first argument's manager
     * @throws IllegalArgumentException if the seed is out of range
     * @throws IllegalStateException if the device is {@link #unsupported}
     */
    public static NDArray apply(AutogradFunction function, NDArray first, NDArray second, NDArray third, NDArray constant,
            long seed) {
        if (seed < 0 || seed >= SEEDS) {
            throw new IllegalArgumentException("a seed lies in [0, 2^53) (got " + seed + ")");
        }
        OperatorCarrier carrier = carrier(first.getDevice());
        Registered.UNSUPPORTED.get(carrier).ifPresent(reason -> {
            throw new IllegalStateException("libtorch's autograd cannot call Java: " + reason);
        });
        long number = NUMBERS.computeIfAbsent(function, AutogradOperator::number);
        return OperatorFailures.during(() -> Registered.MODULE.call(carrier.method(), first, second, third, constant, seed, number))
                .singletonOrThrow();
    }

    private static long number(AutogradFunction function) {
        long number = NEXT.getAndIncrement();
        FUNCTIONS.put(number, function);
        return number;
    }
}
