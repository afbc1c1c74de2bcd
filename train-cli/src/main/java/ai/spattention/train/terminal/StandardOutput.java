package ai.spattention.train.terminal;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/** Standard output, which remembers that writing failed: a {@code PrintWriter} hides it. */
public final class StandardOutput extends FilterOutputStream {

    private IOException failure;

    /** Creates the stream of this process. */
    public StandardOutput() {
        this(new FileOutputStream(FileDescriptor.out));
    }

    StandardOutput(OutputStream out) {
        super(out);
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }

    /**
     * Why results were lost.
     *
     * @return the last failure, or empty if there was none or nobody read on, as with {@code | head}
     */
    public Optional<IOException> lost() {
        return Optional.ofNullable(failure).filter(e -> !String.valueOf(e.getMessage()).contains("Broken pipe"));
    }
}
