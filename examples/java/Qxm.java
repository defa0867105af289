import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.UnaryOperator;

/**
 * A client of a qxm node, with nothing but the JDK (11 or newer): it registers an identifier, changes it, registers a
 * file of them, resolves them, and follows the changes that this made.
 *
 * <pre>java examples/java/Qxm.java [PREFIX]</pre>
 *
 * QXM_URL says where the node is, QXM_KEY is the API key of whoever owns the prefix (of the demo when absent).
 */
public final class Qxm {
  /** How often a request is sent again before we give up. */
  private static final int ATTEMPTS_MAX = 8;
  /** Longest that we wait for an answer, for a job, and for our own changes. */
  private static final Duration ANSWER_MAX = Duration.ofSeconds(30);
  private static final long PATIENCE_MS = 60_000;

  private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  private final String url;
  private final String key;
  private final String prefix;

  private Qxm(String url, String key, String prefix) {
    this.url = url;
    this.key = key;
    this.prefix = prefix;
  }

  public static void main(String[] args) throws Exception {
    String url = System.getenv().getOrDefault("QXM_URL", "http://127.0.0.1:8000");
    String key = System.getenv("QXM_KEY");
    if (key == null) key = Files.readString(Path.of("data/demo/enterprise.key")).strip();
    new Qxm(url, key, args.length > 0 ? args[0] : "88.118.8").run();
  }

  private void run() throws Exception {
    String run = String.format("%08x", new SecureRandom().nextInt());
    String[] names = new String[3];
    for (int number = 0; number < names.length; number++) names[number] = prefix + "/EX-" + run + "-" + number;
    String page = "https://example.com/" + run + "/";
    long since = newestChange();

    String etag = register(names[0], "product", List.of(value(1, "URL", page + 0)));
    say("registered " + names[0] + " as version " + etag);
    String again = register(names[0], "product", List.of(value(1, "URL", page + 0)));
    say("registered again: " + (again == null ? "it is there already (409)" : "a second one?"));

    // A colleague is faster: the version we have seen is not the newest any more.
    change(names[0], values -> with(values, value(2, "NAME", "named by a colleague")), null);
    Map<String, Object> changed = change(names[0], values -> with(values, value(3, "MODEL", "M-3")), etag);
    say("changed to version " + changed.get("serial") + " with " + list(changed, "values").size() + " values");

    // Every column beyond the first two is a value of that type. The third row has a prefix that is nobody's.
    String file = String.join("\r\n",
        "identifier,kind,URL",
        names[1] + ",product," + page + 1,
        names[2] + ",product," + page + 2,
        "0.0.0/EX-" + run + ",product," + page + "nobody",
        "");
    Map<String, Object> job = runJob(file, "text/csv");
    Map<String, Object> counts = object(job, "counts");
    say("job " + job.get("state") + ": " + counts.get("rows") + " rows, " + counts.get("added") + " added, "
        + counts.get("refused") + " refused");
    if ((Long) counts.get("refused") > 0) {
      // The refused rows in the format that came, with what is wrong: to be corrected and sent again.
      say(send("GET", "/v1/jobs/" + job.get("id") + "/errors", null, Map.of()).body());
    }

    List<Object> asked = List.of(names[0], names[1], names[2], prefix + "/EX-" + run + "-unknown");
    String body = Json.write(Map.of("identifiers", asked));
    List<Object> answers = list(read(sendJson("POST", "/v1/resolve:batch", body, Map.of())), "answers");
    for (int place = 0; place < answers.size(); place++) {
      Map<String, Object> answer = object(answers.get(place));
      boolean isAnswer = answer.containsKey("values");
      say("resolved " + asked.get(place) + ": "
          + (isAnswer ? answer.get("kind") + ", " + list(answer, "values").size() + " values" : answer.get("code")));
    }

    follow(since, new TreeSet<>(List.of(names)));
    say("done");
  }

  /**
   * One request. 429 (too many) and 503 (not now) say when to come back, and so we do: a write is safe to send again,
   * because the node knows it by its Idempotency-Key and does it once.
   */
  private HttpResponse<String> send(String method, String path, String body, Map<String, String> headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path)).timeout(ANSWER_MAX)
        .header("Authorization", "Bearer " + key).header("Accept-Language", "en")
        .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    if (!method.equals("GET")) request.header("Idempotency-Key", UUID.randomUUID().toString());
    headers.forEach(request::header);
    for (int attempt = 1;; attempt++) {
      HttpResponse<String> answer = http.send(request.build(), BodyHandlers.ofString());
      int status = answer.statusCode();
      if (status < 400) return answer;
      Refused refused = new Refused(read(answer));
      if ((status != 429 && status != 503) || attempt == ATTEMPTS_MAX) throw refused;
      long seconds = Long.parseLong(answer.headers().firstValue("Retry-After").orElse("1"));
      say("busy (" + refused.code + "), again in " + seconds + " s");
      Thread.sleep(seconds * 1000);
    }
  }

  private HttpResponse<String> sendJson(String method, String path, String body, Map<String, String> more)
      throws IOException, InterruptedException {
    Map<String, String> headers = new LinkedHashMap<>(more);
    headers.put("Content-Type", "application/json");
    return send(method, path, body, headers);
  }

  /** Registers an identifier. Returns its ETag, or null where somebody has registered it already. */
  private String register(String identifier, String kind, List<Object> values)
      throws IOException, InterruptedException {
    String body = Json.write(Map.of("identifier", identifier, "kind", kind, "values", values));
    try {
      return sendJson("POST", "/v1/identifiers", body, Map.of()).headers().firstValue("ETag").orElseThrow();
    } catch (Refused refused) {
      if (refused.code.equals("ALREADY_EXISTS")) return null;
      throw refused;
    }
  }

  /**
   * Changes a record without writing over what somebody else did meanwhile: If-Match names the version that we have
   * seen, {@code known} where there is one, else the one just read. 412 means that it is not the newest; then we read it
   * and decide anew.
   */
  private Map<String, Object> change(String identifier, UnaryOperator<List<Object>> edit, String known)
      throws IOException, InterruptedException {
    String path = "/v1/identifiers/" + URLEncoder.encode(identifier, StandardCharsets.UTF_8).replace("+", "%20");
    for (int attempt = 1;; attempt++) {
      HttpResponse<String> found = send("GET", path, null, Map.of());
      String seen = known != null ? known : found.headers().firstValue("ETag").orElseThrow();
      String body = Json.write(Map.of("values", edit.apply(list(read(found), "values"))));
      try {
        return read(sendJson("PATCH", path, body, Map.of("If-Match", seen)));
      } catch (Refused refused) {
        if (refused.status != 412 || attempt == ATTEMPTS_MAX) throw refused;
        say("changed by somebody else (412), reading it again");
        known = null;
      }
    }
  }

  /** Sends a file and waits until all its rows are written or refused. */
  private Map<String, Object> runJob(String file, String mediaType) throws IOException, InterruptedException {
    String path = "/v1/jobs?into=identifiers";
    Map<String, Object> job = read(send("POST", path, file, Map.of("Content-Type", mediaType)));
    long givenUpAt = System.currentTimeMillis() + PATIENCE_MS;
    while (Set.of("received", "checking", "applying").contains(job.get("state"))) {
      if (System.currentTimeMillis() > givenUpAt) throw new IllegalStateException("the job is still " + job);
      Thread.sleep(200);
      job = read(send("GET", "/v1/jobs/" + job.get("id"), null, Map.of()));
    }
    return job;
  }

  /** The newest change there is: whoever follows from here sees all that is done from now on. */
  private long newestChange() throws IOException, InterruptedException {
    HttpResponse<String> answer = send("GET", "/v1/changes?limit=1", null, Map.of());
    return answer.headers().firstValueAsLong("X-Qxm-Newest").orElseThrow();
  }

  /**
   * Prints changes under the prefix, from the one behind {@code since} on, until all that we wait for have come. A
   * follower that stores {@code seq} with what it made of the change begins again behind it after a crash.
   */
  private void follow(long since, Set<String> awaited) throws IOException, InterruptedException {
    URI feed = URI.create(url + "/v1/changes?follow=1&since=" + since + "&prefix=" + prefix);
    HttpRequest request = HttpRequest.newBuilder(feed).header("Authorization", "Bearer " + key).build();
    HttpResponse<InputStream> answer = http.send(request, BodyHandlers.ofInputStream());
    long givenUpAt = System.currentTimeMillis() + PATIENCE_MS;
    try (var lines = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))) {
      // 410: what we have seen is older than what is kept. Export everything, then follow from that moment's number.
      if (answer.statusCode() >= 400) throw new Refused(object(Json.read(lines.readLine())));
      for (String line; !awaited.isEmpty() && (line = lines.readLine()) != null;) {
        if (System.currentTimeMillis() > givenUpAt) throw new IllegalStateException("never told of " + awaited);
        // An empty line is a sign of life.
        if (line.isEmpty()) continue;
        Map<String, Object> change = object(Json.read(line));
        say("change " + change.get("seq") + ": " + change.get("op") + " " + change.get("identifier"));
        awaited.remove(change.get("identifier"));
      }
    }
  }

  private static Object value(int index, String type, String data) {
    return Map.of("index", index, "type", type, "data", data);
  }

  private static List<Object> with(List<Object> values, Object value) {
    List<Object> all = new ArrayList<>(values);
    all.add(value);
    return all;
  }

  private static Map<String, Object> read(HttpResponse<String> answer) {
    return object(Json.read(answer.body()));
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> object(Object json) {
    return (Map<String, Object>) json;
  }

  private static Map<String, Object> object(Map<String, Object> json, String name) {
    return object(json.get(name));
  }

  @SuppressWarnings("unchecked")
  private static List<Object> list(Map<String, Object> json, String name) {
    return (List<Object>) json.get(name);
  }

  private static void say(String text) {
    System.out.println(text);
  }

  /** The node answered, and it was no: a problem document (RFC 9457). */
  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;
    final long status;
    final String code;

    Refused(Map<String, Object> problem) {
      super(problem.get("status") + " " + problem.get("code") + ": " + problem.get("detail"));
      status = (Long) problem.get("status");
      code = (String) problem.get("code");
    }
  }

  /** The JDK has no JSON: maps, lists, strings, numbers and booleans, and back. Take a library for anything bigger. */
  private static final class Json {
    private final String text;
    private int at;

    private Json(String text) {
      this.text = text;
    }

    static Object read(String text) {
      Json json = new Json(text);
      Object value = json.value();
      if (json.peek() != 0) throw new IllegalArgumentException("more behind the end, at " + json.at);
      return value;
    }

    private Object value() {
      switch (peek()) {
        case '{':
          Map<String, Object> members = new LinkedHashMap<>();
          for (at++; peek() != '}'; take(',', '}')) {
            String name = string();
            take(':', ':');
            members.put(name, value());
          }
          at++;
          return members;
        case '[':
          List<Object> items = new ArrayList<>();
          for (at++; peek() != ']'; take(',', ']')) items.add(value());
          at++;
          return items;
        case '"':
          return string();
        default:
          return scalar();
      }
    }

    private String string() {
      StringBuilder said = new StringBuilder();
      take('"', '"');
      for (char next = text.charAt(at++); next != '"'; next = text.charAt(at++)) {
        if (next != '\\') {
          said.append(next);
          continue;
        }
        char escaped = text.charAt(at++);
        int plain = "bfnrt".indexOf(escaped);
        if (escaped == 'u') {
          said.append((char) Integer.parseInt(text.substring(at, at += 4), 16));
        } else {
          said.append(plain < 0 ? escaped : "\b\f\n\r\t".charAt(plain));
        }
      }
      return said.toString();
    }

    private Object scalar() {
      int start = at;
      while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) at++;
      String word = text.substring(start, at);
      switch (word) {
        case "null":
          return null;
        case "true":
          return true;
        case "false":
          return false;
        default:
          return word.matches("-?\\d+") ? (Object) Long.valueOf(word) : Double.valueOf(word);
      }
    }

    /** The next character that is no space; 0 at the end. */
    private char peek() {
      while (at < text.length() && Character.isWhitespace(text.charAt(at))) at++;
      return at < text.length() ? text.charAt(at) : 0;
    }

    /** Goes on over the one, or stays before the other. */
    private void take(char wanted, char orBefore) {
      char next = peek();
      if (next == wanted) at++;
      else if (next != orBefore) throw new IllegalArgumentException("expected " + wanted + " at " + at);
    }

    static String write(Object value) {
      if (value instanceof Map) {
        List<String> members = new ArrayList<>();
        ((Map<?, ?>) value).forEach((name, member) -> members.add(write(name) + ":" + write(member)));
        return "{" + String.join(",", members) + "}";
      }
      if (value instanceof List) {
        List<String> items = new ArrayList<>();
        for (Object item : (List<?>) value) items.add(write(item));
        return "[" + String.join(",", items) + "]";
      }
      return value instanceof String ? quoted((String) value) : String.valueOf(value);
    }

    private static String quoted(String text) {
      StringBuilder said = new StringBuilder("\"");
      for (char each : text.toCharArray()) {
        if (each == '"' || each == '\\') said.append('\\').append(each);
        else if (each < ' ') said.append(String.format("\\u%04x", (int) each));
        else said.append(each);
      }
      return said.append('"').toString();
    }
  }
}
