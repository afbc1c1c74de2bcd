package ai.spattention.train.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A component of {@link RunConfig} whose record has keys of its own. */
@Documented
@Target(ElementType.RECORD_COMPONENT)
@Retention(RetentionPolicy.RUNTIME)
@interface Section {

    /** What the section is about. */
    String meaning();

    /** Those of the record's keys that a run has no value for: they come from elsewhere. */
    String[] without() default {};

    /** Defaults that are others in a run than the record's own. */
    Default[] defaults() default {};

    /** Another default of a key. */
    @interface Default {

        /** The key, without its section. */
        String key();

        /** The value as YAML has it; empty where it follows another key. */
        String value() default "";

        /** The key whose value is taken, with its section; or empty. */
        String follows() default "";
    }
}
