package ai.spattention.train.cli.option;

import ai.spattention.attention.auto.Kernels;
import ai.spattention.common.InvalidInputException;
import java.util.Iterator;
import java.util.List;

/** The attention kernels of the class path, for an option's help and completion. */
public final class KernelNames implements Iterable<String> {

    @Override
    public Iterator<String> iterator() {
        try {
            return Kernels.names().iterator();
        } catch (InvalidInputException e) { // a command that needs a kernel refuses it; its help is there nevertheless
            return List.of("none can be used, for " + e.getMessage()).iterator();
        }
    }
}
