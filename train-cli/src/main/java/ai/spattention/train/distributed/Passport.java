package ai.spattention.train.distributed;

import ai.spattention.olmoe.io.Sha256;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a process shows before anything is computed together: processes of other versions, settings or data would train something that
 * nobody asked for, or wait for each other forever.
 *
 * @param rank its rank
 * @param size how many processes it believes there are
 * @param host its host's name
 * @param pid its process's number there
 * @param version the program's version, with those of its libraries that matter
 * @param settings all settings that must be alike, by their keys; of a long one its digest
 * @param data a digest of the data; empty where there is none
 */
public record Passport(@JsonProperty("rank") int rank, @JsonProperty("size") int size, @JsonProperty("host") String host,
        @JsonProperty("pid") long pid, @JsonProperty("version") String version, @JsonProperty("settings") Map<String, String> settings,
        @JsonProperty("data") String data) {

    private static final int LONGEST_SETTING = 200; // a passport has little room

    /** Copies the settings. */
    public Passport {
        settings = Map.copyOf(settings);
    }

    /**
     * The passport of this process.
     *
     * @param identity who it is
     * @param version the program's version
     * @param settings all settings that must be alike, by their keys
     * @param data a digest of the data; empty where there is none
     * @return the passport
     */
    public static Passport of(WorkerIdentity identity, String version, Map<String, String> settings, String data) {
        Map<String, String> shown = new HashMap<>(settings);
        shown.replaceAll((key, value) -> value.length() <= LONGEST_SETTING ? value : "SHA-256 " + Sha256.of(value));
        return new Passport(identity.rank(), identity.size(), hostName(), ProcessHandle.current().pid(), version, shown, data);
    }

    static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown"; // it is for people only
        }
    }

    /** Whether two passports are the same process's: one that comes again after its connection broke. */
    boolean isSameProcess(Passport other) {
        return host.equals(other.host) && pid == other.pid;
    }

    /**
     * What differs between the processes.
     *
     * @param passports any, in any order
     * @return one line that names the first difference from rank 0, or else from the first; empty if there is none
     */
    static Optional<String> difference(List<Passport> passports) {
        Passport first = passports.stream().filter(passport -> passport.rank == 0).findFirst().orElse(passports.get(0));
        return passports.stream().map(first::difference).flatMap(Optional::stream).findFirst();
    }

    private Optional<String> difference(Passport other) {
        if (other.size != size) {
            return differ(other, "number of processes", Integer.toString(size), Integer.toString(other.size), "start all with one number");
        } else if (!other.version.equals(version)) {
            return differ(other, "version", version, other.version, "install the same one on all hosts");
        } else if (!other.settings.equals(settings)) {
            return settingsDiffer(other);
        } else if (!other.data.equals(data)) {
            return differ(other, "data", data, other.data, "give all the same prepared data");
        }
        return Optional.empty();
    }

    /** Names the first of the settings that differ. */
    private Optional<String> settingsDiffer(Passport other) {
        SortedSet<String> keys = new TreeSet<>(settings.keySet());
        keys.addAll(other.settings.keySet());
        keys.removeIf(key -> Objects.equals(settings.get(key), other.settings.get(key)));
        String key = keys.first();
        return differ(other, "configuration", setting(key), other.setting(key), "start all with the same settings"
                + (keys.size() > 1 ? " (" + (keys.size() - 1) + " more differ)" : ""));
    }

    private String setting(String key) {
        return settings.containsKey(key) ? key + "=" + settings.get(key) : "no " + key;
    }

    private Optional<String> differ(Passport other, String what, String own, String others, String advice) {
        return Optional.of(other.name() + " has another " + what + " (" + others + ") than " + name() + " (" + own + "): " + advice);
    }

    String name() {
        return "rank " + rank + " on " + host;
    }
}
