using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Mycel.Node.Models.Pulling;

/// <summary>Asks for a model's bytes, following redirects by hand: each step is checked like the first, and the hub's token goes to the hub alone.</summary>
/// <param name="http">Client that follows nothing by itself.</param>
/// <param name="hub">The hub, and our token there.</param>
/// <param name="allowPrivate">Whether private addresses are allowed.</param>
internal sealed class PullRequester(HttpClient http, HubSettings hub, bool allowPrivate)
{
    /// <summary>Longest time a server may ask to be left alone.</summary>
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromMinutes(2);

    /// <summary>Asks for a file from a place on.</summary>
    /// <param name="source">The file.</param>
    /// <param name="from">Bytes that are there already.</param>
    /// <param name="validator">What these bytes are the beginning of, or null where unknown.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ModelException">It is refused for good.</exception>
    /// <exception cref="PullFailure">It failed and may succeed later.</exception>
    public async Task<PullReply> OpenAsync(PullSource source, long from, string? validator, CancellationToken cancel)
    {
        var address = source.Address;
        string? sha256 = null;
        long? bytes = null;
        for (var redirects = 0; ; redirects++)
        {
            PullAddress.Check(address, allowPrivate);
            var response = await SendAsync(address, from, validator, cancel);
            try
            {
                // Only the hub itself may say what the file is; what it leads to is just storage.
                if (source.IsHub && hub.Owns(address))
                {
                    sha256 = HashIn(response) ?? sha256;
                    bytes = SizeIn(response) ?? bytes;
                }
                if (!IsRedirect(response))
                {
                    Refuse(response, source, address, from);
                    return new PullReply(response) { LinkedSha256 = sha256, LinkedBytes = bytes };
                }
                if (redirects == PullLimits.MaxRedirects) throw Failed($"{source.Address.Host} redirects more than {PullLimits.MaxRedirects} times. Check the address.");
                address = Next(address, response);
            }
            catch
            {
                response.Dispose();
                throw;
            }
            response.Dispose();
        }
    }

    private async Task<HttpResponseMessage> SendAsync(Uri address, long from, string? validator, CancellationToken cancel)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        if (hub.Token is { } token && hub.Owns(address)) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (from > 0)
        {
            request.Headers.Range = new RangeHeaderValue(from, null);
            if (validator is not null && EntityTagHeaderValue.TryParse(validator, out var tag)) request.Headers.IfRange = new RangeConditionHeaderValue(tag);
        }
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        }
        catch (HttpRequestException error) when (FindRefusal(error) is { } refusal)
        {
            throw refusal;
        }
        catch (HttpRequestException error) when (from == 0 && error.HttpRequestError == HttpRequestError.NameResolutionError)
        {
            // Nothing has come yet, so it is more likely a slip or no network at all than a moment's trouble.
            throw Failed($"{address.Host} cannot be reached: {Reason(error)}. Check the address, and that this machine reaches the internet.");
        }
        catch (HttpRequestException error)
        {
            // The client's own message may name the address with its query.
            throw new PullFailure($"{address.Host} cannot be reached: {Reason(error)}.", error);
        }
    }

    private static string Reason(HttpRequestException error) => error.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "the name is not known",
        HttpRequestError.SecureConnectionError => "no secure connection, as its certificate is not valid here",
        HttpRequestError.ConnectionError => "no connection",
        HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse => "the answer broke off or is no HTTP",
        _ => "the connection failed",
    };

    private static ModelException? FindRefusal(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is ModelException refusal) return refusal;
        }
        return null;
    }

    private static bool IsRedirect(HttpResponseMessage response) => (int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is not null;

    private static Uri Next(Uri address, HttpResponseMessage response)
    {
        if (Uri.TryCreate(address, response.Headers.Location!, out var next) && next.Host.Length > 0) return next;
        throw Failed($"{address.Host} redirects to an address that is not valid.");
    }

    private static string? HashIn(HttpResponseMessage response)
    {
        var text = Header(response, "X-Linked-ETag")?.Trim();
        if (text is null) return null;
        if (text.StartsWith("W/", StringComparison.Ordinal)) text = text[2..];
        text = text.Trim('"').ToLowerInvariant();
        return PullSource.IsHash(text) ? text : null;
    }

    private static long? SizeIn(HttpResponseMessage response) =>
        long.TryParse(Header(response, "X-Linked-Size"), NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size > 0 ? size : null;

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private void Refuse(HttpResponseMessage response, PullSource source, Uri address, long from)
    {
        var status = (int)response.StatusCode;
        if (response.StatusCode is HttpStatusCode.OK || (response.StatusCode is HttpStatusCode.PartialContent && from > 0))
        {
            RefuseOtherContent(response, address);
            return;
        }
        // 416: what is there is as long as the file or longer; the caller finds out which.
        if (response.StatusCode is HttpStatusCode.RequestedRangeNotSatisfiable && from > 0) return;
        if (status is 408 or 425 or 429 || status >= 500)
            throw new PullFailure($"{address.Host} answered {status}.") { RetryAfter = RetryAfter(response) };
        throw status switch
        {
            401 or 403 when source.IsHub => Failed(
                $"{hub} does not give out {source.Shown} ({status}). Check its spelling. If its publisher asks for consent, give it on the model's page, and set HF_TOKEN to an access token of yours where the node runs."),
            404 or 410 => new ModelException(404, "model_not_found", $"{address.Host} has no {source.Shown} ({status}). Check the spelling; capital letters count."),
            _ => Failed($"{address.Host} answered {status} where a model was expected. Check the address."),
        };
    }

    private static void RefuseOtherContent(HttpResponseMessage response, Uri address)
    {
        var headers = response.Content.Headers;
        if (headers.ContentEncoding.Count > 0) throw Failed($"{address.Host} sends the file packed ({string.Join(", ", headers.ContentEncoding)}), unasked. Take it from another place.");
        if (headers.ContentType?.MediaType is "text/html" or "application/xhtml+xml")
            throw new ModelException(502, "not_a_model", $"{address.Host} sent a web page instead of a model. Give the address of the file itself, not of a page about it.");
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var asked = response.Headers.RetryAfter?.Delta;
        return asked > LongestRetryAfter ? LongestRetryAfter : asked;
    }

    private static ModelException Failed(string message) => new(502, "pull_failed", message);
}
