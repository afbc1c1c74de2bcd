package ai.spattention.olmoe.keys;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The numbers that a record's component may be: an interval, without infinity, which null is outside of and allowed by. */
@Documented
@Target(ElementType.RECORD_COMPONENT)
@Retention(RetentionPolicy.RUNTIME)
public @interface Range {

    /**
     * The lower end.
     *
     * @return the least number
     */
    double min();

    /**
     * The upper end.
     *
     * @return the largest number; infinity for none
     */
    double max() default Double.POSITIVE_INFINITY;

    /**
     * Whether the lower end itself is not allowed.
     *
     * @return true for a number above the least
     */
    boolean minExcluded() default false;

    /**
     * Whether the upper end itself is not allowed.
     *
     * @return true for a number below the largest
     */
    boolean maxExcluded() default false;
}
