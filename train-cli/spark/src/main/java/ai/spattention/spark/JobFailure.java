package ai.spattention.spark;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Why a job failed. Of a task's exception Spark gives the driver no more than a text, within the message of its own.
 *
 * @param message one line
 * @param isRefusal whether the input has to be changed
 */
record JobFailure(String message, boolean isRefusal) {

    private static final Pattern OWN = Pattern.compile(Pattern.quote(JobFailure.class.getPackageName()) + "\\.(\\w+): (.+)");

    static JobFailure of(Throwable failure) {
        String text = String.valueOf(failure.getMessage());
        Matcher own = OWN.matcher(text);
        boolean found = own.find();
        boolean refused = failure instanceof RefusedException || found && own.group(1).equals(RefusedException.class.getSimpleName());
        return new JobFailure(found ? own.group(2) : text.lines().findFirst().orElse(failure.getClass().getSimpleName()), refused);
    }

    /** The same as an exception of the driver. */
    RuntimeException exception(Throwable cause) {
        return isRefusal ? new RefusedException(message) : new IllegalStateException(message, cause);
    }
}
