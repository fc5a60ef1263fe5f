// Asks the service what to do with one story; whatever goes wrong, the story goes to a person.
//
//   dotnet run -- http://127.0.0.1:8000 story-1 < story.txt
//
// Prints pause, review, advise, continue, or person; the reason for person is on stderr. A key, where one is
// needed, comes from COMPLAINT_CONTEXT_KEY. Needs .NET 8 or newer, nothing else.
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

string[] actions = ["pause", "review", "advise", "continue"];
using var stdin = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);

try
{
    Console.WriteLine(await Classify(args[0], args[1], await stdin.ReadToEndAsync()));
}
catch (Exception error)
{
    Console.Error.WriteLine($"to a person: {Reason(error)}");
    Console.WriteLine("person");
}

// The action for one story; throws if there is none that can be trusted.
async Task<string> Classify(string address, string storyId, string text)
{
    using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) }; // for the whole exchange
    if (Environment.GetEnvironmentVariable("COMPLAINT_CONTEXT_KEY") is { Length: > 0 } key)
    {
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }
    var body = JsonSerializer.Serialize(new { stories = new[] { new { id = storyId, text } } });
    using var content = new StringContent(body, Encoding.UTF8, "application/json");
    using var answer = await client.PostAsync($"{address}/v1/classify", content);
    if ((int)answer.StatusCode != 200)
    {
        throw new HttpRequestException(null, null, answer.StatusCode);
    }
    using var parsed = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
    var result = parsed.RootElement.GetProperty("results")[0];
    var action = result.GetProperty("action").GetString();
    if (result.GetProperty("id").GetString() != storyId || !actions.Contains(action))
    {
        throw new KeyNotFoundException();
    }
    return action!;
}

// In short and without a word of the story.
static string Reason(Exception error) => error switch
{
    HttpRequestException { StatusCode: { } status } => $"the service answered {(int)status}",
    HttpRequestException or TaskCanceledException => "no answer",
    _ => "no action for this story",
};
