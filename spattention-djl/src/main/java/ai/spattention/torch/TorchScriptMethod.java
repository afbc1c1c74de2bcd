package ai.spattention.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A method of TorchScript source: what it takes, and how that travels through DJL, whose call that autograd may pass through takes
 * tensors and lists of tensors only ({@code IValueUtils.forward}; {@code runMethod}, which takes every kind of value, gives inference
 * tensors). Other arguments become small tensors on the host, which an entry point, written here in TorchScript, turns back.
 *
 * @param name the method's name
 * @param parameters its parameters without {@code self}, in order
 * @param result what it gives, in TorchScript
 */
record TorchScriptMethod(String name, List<Parameter> parameters, String result) {

    private static final Pattern COMMENT = Pattern.compile("#[^\n]*");
    private static final Pattern SIGNATURE = Pattern.compile("^def (\\w+)\\(\\s*self\\s*,?([^)]*)\\)\\s*->\\s*([^:]+):", Pattern.MULTILINE);
    private static final Pattern PARAMETER = Pattern.compile("(\\w+)\\s*:\\s*((?:[^,\\[]|\\[[^:]*])+)");

    /**
     * A parameter.
     *
     * @param name its name
     * @param type its type, in TorchScript
     */
    record Parameter(String name, String type) {

        boolean isTensor() {
            return type.equals("Tensor");
        }

        boolean isTensorList() {
            return type.equals("List[Tensor]");
        }

        /** The value, in TorchScript, of what travelled; null for a type that cannot. */
        private String decoded() {
            return switch (type) {
                case "Tensor", "List[Tensor]" -> name;
                case "Optional[Tensor]" -> "None if " + name + ".numel() == 0 else " + name;
                case "float", "int", "bool" -> type + "(" + name + ")";
                case "List[int]" -> "annotate(List[int], " + name + ".tolist())";
                default -> null;
            };
        }
    }

    /** The methods of a source text. */
    static List<TorchScriptMethod> of(String source) {
        List<TorchScriptMethod> methods = new ArrayList<>();
        Matcher signature = SIGNATURE.matcher(COMMENT.matcher(source).replaceAll(""));
        while (signature.find()) {
            List<Parameter> parameters = new ArrayList<>();
            Matcher parameter = PARAMETER.matcher(signature.group(2));
            while (parameter.find()) {
                parameters.add(new Parameter(parameter.group(1), parameter.group(2).strip()));
            }
            methods.add(new TorchScriptMethod(signature.group(1), List.copyOf(parameters), signature.group(3).strip()));
        }
        return methods;
    }

    /** Whether Java can call it: the first argument is a tensor or a list of them, and all others can travel. */
    boolean isCallable() {
        return !parameters.isEmpty() && (parameters.get(0).isTensor() || parameters.get(0).isTensorList())
                && parameters.stream().allMatch(parameter -> parameter.decoded() != null);
    }

    /** Whether something must be turned back. */
    private boolean needsEntry() {
        return !parameters.stream().allMatch(parameter -> parameter.isTensor() || parameter.isTensorList());
    }

    /** The name under which Java calls it. */
    String entryName() {
        return needsEntry() ? name + "_from_java" : name;
    }

    /** The source of the entry point; empty where the method itself is one, or Java cannot call it. */
    String entry() {
        if (!needsEntry() || !isCallable()) {
            return "";
        }
        List<String> declared = parameters.stream()
                .map(parameter -> parameter.name + ": " + (parameter.isTensorList() ? parameter.type : "Tensor")).toList();
        List<String> decoded = parameters.stream().map(Parameter::decoded).toList();
        return "def " + entryName() + "(self, " + String.join(", ", declared) + ") -> " + result + ":\n  return self." + name + "("
                + String.join(", ", decoded) + ")\n";
    }

    /**
     * An argument as its parameter needs it.
     *
     * @param at the parameter's place
     * @param argument an array, a list of arrays, a number, a truth value, numbers or null
     * @return an {@link NDArray}, {@link NDList}, {@link Double}, {@link Long}, {@link Boolean} or {@code long[]}; empty for null
     * @throws IllegalArgumentException if the argument does not fit the parameter's type
     */
    Optional<Object> fitted(int at, Object argument) {
        Parameter parameter = parameters.get(at);
        boolean whole = argument instanceof Integer || argument instanceof Long;
        boolean fits = switch (parameter.type) {
            case "Tensor" -> argument instanceof NDArray;
            case "Optional[Tensor]" -> argument == null || argument instanceof NDArray;
            case "List[Tensor]" -> argument instanceof NDList;
            case "float" -> argument instanceof Number;
            case "int" -> whole;
            case "bool" -> argument instanceof Boolean;
            default -> argument instanceof long[] || argument instanceof NDArray;
        };
        if (!fits) {
            throw new IllegalArgumentException(name + " takes " + parameter.type + " as " + parameter.name + " (got "
                    + (argument == null ? "null" : argument.getClass().getSimpleName() + " " + argument) + ")");
        }
        if (argument instanceof NDList list && list.isEmpty()) {
            throw new IllegalArgumentException(name + " got an empty list as " + parameter.name + ", which DJL cannot pass on");
        }
        if (argument instanceof Number number) {
            return Optional.of(parameter.type.equals("int") ? (Object) number.longValue() : (Object) number.doubleValue());
        }
        return Optional.ofNullable(argument);
    }
}
