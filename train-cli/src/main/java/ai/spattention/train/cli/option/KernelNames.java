package ai.spattention.train.cli.option;

import ai.spattention.attention.auto.Kernels;
import java.util.Iterator;

/** The attention kernels of the class path, for an option's help and completion. */
public final class KernelNames implements Iterable<String> {

    @Override
    public Iterator<String> iterator() {
        return Kernels.names().iterator();
    }
}
