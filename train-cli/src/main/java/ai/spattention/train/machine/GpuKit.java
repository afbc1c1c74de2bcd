package ai.spattention.train.machine;

import ai.spattention.InvalidInputException;
import java.util.List;

/**
 * A set of libraries that runs PyTorch on a GPU: two artifacts whose files go into one folder.
 *
 * @param version PyTorch's version
 * @param flavor the CUDA version as DJL writes it, for example cu124
 * @param libraries PyTorch's libraries
 * @param jni DJL's library between Java and PyTorch
 */
public record GpuKit(String version, String flavor, Part libraries, Part jni) {

    /** PyTorch 2.5.1 for CUDA 12.4, the newest set that Maven Central holds. */
    public static final GpuKit CU124 = new GpuKit("2.5.1", "cu124",
            new Part("ai.djl.pytorch:pytorch-native-cu124:2.5.1:jar:linux-x86_64", "pytorch/cu124/linux-x86_64/"),
            new Part("ai.djl.pytorch:pytorch-jni:2.5.1-0.32.0:jar", "jnilib/linux-x86_64/cu124/"));

    /**
     * What is taken from an artifact.
     *
     * @param artifact group:artifact:version:type[:classifier]
     * @param folder the folder inside the jar whose files are taken, ending in a slash
     */
    public record Part(String artifact, String folder) {}

    /**
     * Refuses systems for which there are no such libraries.
     *
     * @param name the system's name, as Java tells it
     * @param architecture the processor's, as Java tells it
     * @throws InvalidInputException if the system is another than Linux on x86-64
     */
    public static void requireSystem(String name, String architecture) {
        if (!name.startsWith("Linux") || !List.of("amd64", "x86_64").contains(architecture)) {
            throw new InvalidInputException("PyTorch's libraries for CUDA are used on Linux on x86-64 only (got " + name + " on " + architecture
                    + "): here the processor computes, for which nothing has to be fetched");
        }
    }

    /**
     * The parts in the order in which they are fetched: the small one first, so that what is wrong shows early.
     *
     * @return the parts
     */
    List<Part> parts() {
        return List.of(jni, libraries);
    }
}
