using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using Mycel.Llama.Gguf;

namespace Mycel.Node.Models.Pulling;

/// <summary>
/// Carries out one download. Its bytes go to the folder of partial files and are renamed into place only when their SHA-256 and their header
/// are right; whatever ends the process before that leaves a file from which the same pull goes on.
/// </summary>
internal sealed class PullRun : IDisposable
{
    private const int BufferBytes = 256 << 10;

    private readonly ModelPull _pull;
    private readonly PullSource _source;
    private readonly PullTools _tools;
    private readonly PartialFiles _partials;
    private readonly string _target;
    private readonly FileStream _file;
    private readonly TransferRate _rate;
    private IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private PartialNote? _note;
    private long _received;
    private bool _isJudged;
    private bool _isSpoilt;

    private PullRun(ModelPull pull, PullTools tools, PartialFiles partials, string target)
    {
        _pull = pull;
        _source = pull.Source;
        _tools = tools;
        _partials = partials;
        _target = target;
        _rate = new TransferRate(tools.Time);
        _file = OpenPartial(partials.PathOf(_source.Id));
    }

    /// <summary>Downloads a model; completes when it is in place.</summary>
    /// <exception cref="ModelException">It failed; what has come is kept where going on makes sense.</exception>
    public static async Task RunAsync(ModelPull pull, PullTools tools, CancellationToken cancel)
    {
        tools.Store.EnsureFolder();
        PartialFiles partials = new(tools.Store.Folder);
        partials.EnsureFolder();
        var target = Path.Combine(tools.Store.Folder, pull.Source.Name + Configuration.ModelName.Extension);
        if (IsThere(target, pull.Source.Sha256))
        {
            ShowWhole(pull, target);
            return;
        }
        try
        {
            using PullRun run = new(pull, tools, partials, target);
            await run.RunAsync(cancel);
        }
        catch (IOException error)
        {
            throw new ModelException(507, "storage_failed", $"The model could not be written: {error.Message}", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new ModelException(500, "storage_failed", $"The model could not be written: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
    }

    private static FileStream OpenPartial(string path)
    {
        FileStreamOptions options = new() { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            return new FileStream(path, options);
        }
        catch (IOException held) when (File.Exists(path))
        {
            throw new ModelException(409, "pull_running", "Another mycel pulls this model into the same folder right now. Wait for it, or end it.", held);
        }
    }

    /// <summary>Whether the very model is in place already. Only the hub can tell where the hash is not known yet.</summary>
    /// <exception cref="ModelException">Another model has its name.</exception>
    private static bool IsThere(string target, string? sha256)
    {
        if (!File.Exists(target)) return false;
        if (ModelNote.Read(target) is not { } there || (sha256 is not null && sha256 != there.Sha256)) throw NameTaken(target);
        return sha256 is not null;
    }

    private static void ShowWhole(ModelPull pull, string target)
    {
        var bytes = new FileInfo(target).Length;
        pull.Status = pull.Status with { ReceivedBytes = bytes, TotalBytes = bytes };
    }

    private static ModelException NameTaken(string target)
    {
        var name = Path.GetFileNameWithoutExtension(target);
        return new ModelException(409, "model_exists", $"There is another model '{name}' in the models folder. Give this one another name with --name, or remove that one with: mycel models rm {name}");
    }

    private async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            await ResumeAsync(cancel);
            using var http = _tools.Http.CreateClient(_tools.AllowPrivate(), _tools.Limits);
            PullRequester requester = new(http, _tools.Hub, _tools.AllowPrivate());
            if (await DownloadAsync(requester, cancel)) Finish();
            else _isSpoilt = true;
        }
        finally
        {
            _file.Dispose();
            if (_isSpoilt || new FileInfo(_partials.PathOf(_source.Id)) is not { Exists: true, Length: > 0 }) _partials.Delete(_source.Id);
        }
    }

    /// <summary>Takes up what is there of an earlier attempt: the hash must run over it too.</summary>
    private async Task ResumeAsync(CancellationToken cancel)
    {
        _note = _partials.Find(_source.Id)?.Note;
        if (_note is null || _file.Length > _note.TotalBytes || (_source.Sha256 is { } wanted && wanted != _note.Sha256))
        {
            Restart();
            return;
        }
        Show(PullState.Running, note: _file.Length > 0 ? "reading what is there" : null);
        var buffer = new byte[BufferBytes];
        for (int read; (read = await _file.ReadAsync(buffer, cancel)) > 0; _received += read) _hash.AppendData(buffer, 0, read);
        _isJudged = false;
    }

    private void Restart()
    {
        _file.SetLength(0);
        _hash.Dispose();
        _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        (_note, _received, _isJudged) = (null, 0, false);
    }

    /// <returns>Whether all bytes are there now; false when the very model was in place already.</returns>
    private async Task<bool> DownloadAsync(PullRequester requester, CancellationToken cancel)
    {
        for (var retries = 0; ;)
        {
            var before = _received;
            try
            {
                return await AttemptAsync(requester, cancel);
            }
            catch (PullFailure failure)
            {
                if (_received - before >= PullLimits.ProgressBytes) retries = 0;
                if (++retries > PullLimits.MaxRetries)
                {
                    throw new ModelException(502, "pull_failed",
                        $"{failure.Message} Gave up after {PullLimits.MaxRetries} new attempts{(_received > 0 ? "; what has come is kept, and the same pull goes on from there" : "")}.", failure);
                }
                var wait = _tools.Limits.Backoff * Math.Pow(2, retries - 1);
                if (failure.RetryAfter > wait) wait = failure.RetryAfter.Value;
                Show(PullState.Running, note: failure.Message + " Trying again.");
                await Task.Delay(wait, _tools.Time, cancel);
            }
        }
    }

    private async Task<bool> AttemptAsync(PullRequester requester, CancellationToken cancel)
    {
        using SilenceLimit silence = new(_tools.Limits.Stall, _tools.Time, cancel);
        try
        {
            using var reply = await requester.OpenAsync(_source, _received, _note?.Validator, silence.Token);
            if (IsThere(_target, ExpectedHash(reply)))
            {
                ShowWhole(_pull, _target);
                return false;
            }
            if (Accept(reply)) await CopyAsync(reply, silence);
            return true;
        }
        catch (OperationCanceledException error) when (!cancel.IsCancellationRequested)
        {
            throw new PullFailure($"Nothing came for {_tools.Limits.Stall.TotalSeconds:0.#} s.", error);
        }
    }

    private string ExpectedHash(PullReply reply)
    {
        if (_source.Sha256 is { } wanted)
        {
            if (reply.LinkedSha256 is not { } linked || linked == wanted) return wanted;
            throw new ModelException(502, "hash_mismatch", $"The hub has another file than was asked for: its SHA-256 is {linked}, wanted is {wanted}. Its publisher may have replaced it.");
        }
        return reply.LinkedSha256 ?? throw new ModelException(502, "pull_failed", $"{_tools.Hub} names no SHA-256 of {_source.Shown}. Give it with --sha256, as its publisher names it.");
    }

    /// <summary>Prepares for an answer's bytes.</summary>
    /// <returns>False when all bytes are there already.</returns>
    private bool Accept(PullReply reply)
    {
        var sha256 = ExpectedHash(reply);
        if (reply.Response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            if (_note is { } all && all.TotalBytes == _received && all.Sha256 == sha256) return false;
            Restart();
            throw new PullFailure("The file has changed at its place; it is taken from its beginning.");
        }
        var total = SizeOf(reply);
        if (_received > 0 && (!reply.IsRest || reply.From != _received || _note is null || _note.TotalBytes != total || _note.Sha256 != sha256))
        {
            var isWhole = !reply.IsRest;
            Restart();
            if (!isWhole) throw new PullFailure("The file has changed at its place; it is taken from its beginning.");
        }
        CheckDisk(total);
        PartialNote note = new(_source.Shown, _source.Name, sha256, total, reply.Validator);
        if (note != _note) _partials.WriteNote(_source.Id, note);
        _note = note;
        return true;
    }

    private long SizeOf(PullReply reply)
    {
        var host = reply.Response.RequestMessage?.RequestUri?.Host ?? _source.Address.Host;
        if ((reply.LinkedBytes ?? reply.TotalBytes) is not { } total)
            throw new ModelException(502, "pull_failed", $"{host} does not say how large the file is, so nothing is taken from it. Take the model from another place.");
        if (reply.TotalBytes is { } sent && sent != total)
            throw new ModelException(502, "pull_failed", $"{host} has a file of {sent:N0} bytes where the hub names {total:N0}. Try again later.");
        if (total is > 0 and <= PullLimits.MaxBytes) return total;
        throw new ModelException(502, "pull_failed", $"{host} names a size of {total:N0} bytes, which no model has.");
    }

    private void CheckDisk(long total)
    {
        var (missing, free) = (total - _received, _tools.FreeBytes(_tools.Store.Folder));
        if (free - PullLimits.SpareDiskBytes >= missing) return;
        throw new ModelException(507, "disk_full",
            $"The model needs {Megabytes(missing)} more on the disk of {_tools.Store.Folder}, which has {Megabytes(free)} free ({Megabytes(PullLimits.SpareDiskBytes)} of it are to stay so). "
            + "Make room, remove a model with mycel models rm, or set models.dir to a folder on another disk.");
    }

    private static string Megabytes(long bytes) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Math.Max(0, bytes) / 1e6:N0} MB");

    private async Task CopyAsync(PullReply reply, SilenceLimit silence)
    {
        var total = _note!.TotalBytes;
        _rate.Restart();
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            await using var body = await reply.Response.Content.ReadAsStreamAsync(silence.Token);
            while (true)
            {
                var read = await ReadAsync(body, buffer, silence);
                if (read == 0) break;
                if (read > total - _received)
                    throw Spoilt(new ModelException(502, "pull_failed", $"The server sent more than the {total:N0} bytes it had declared. What came was deleted. Take the model from another place."));
                await _file.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);
                _hash.AppendData(buffer, 0, read);
                _received += read;
                _rate.Add(read);
                Judge();
                Show(PullState.Running);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        if (_received < total) throw new PullFailure($"The connection broke off after {_received:N0} of {total:N0} bytes.");
    }

    private static async Task<int> ReadAsync(Stream body, byte[] buffer, SilenceLimit silence)
    {
        try
        {
            var read = await body.ReadAsync(buffer, silence.Token);
            silence.Restart();
            return read;
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            throw new PullFailure("The connection broke off.", error);
        }
    }

    /// <summary>Looks at the first bytes as soon as they are there: gigabytes of something else are not worth waiting for.</summary>
    private void Judge()
    {
        if (_isJudged || _received < 4) return;
        _isJudged = true;
        Span<byte> magic = stackalloc byte[4];
        if (RandomAccess.Read(_file.SafeFileHandle, magic, 0) == 4 && magic.SequenceEqual("GGUF"u8)) return;
        throw Spoilt(new ModelException(502, "not_a_model", $"{_source.Shown} is no GGUF file. What came was deleted. Give the address of a .gguf file."));
    }

    /// <summary>Deletes what has come, because no attempt could go on from it.</summary>
    private ModelException Spoilt(ModelException why)
    {
        _isSpoilt = true;
        return why;
    }

    private void Finish()
    {
        Show(PullState.Verifying);
        var note = _note!;
        var sha256 = Convert.ToHexStringLower(_hash.GetHashAndReset());
        if (sha256 != note.Sha256)
        {
            throw Spoilt(new ModelException(502, "hash_mismatch",
                $"What came is not the file that was asked for: its SHA-256 is {sha256}, wanted is {note.Sha256}. It was deleted. Check the hash, or take the model from another place."));
        }
        _file.Flush(flushToDisk: true);
        _file.Dispose();
        CheckHeader(_partials.PathOf(_source.Id));
        MoveIntoPlace();
        new ModelNote(_source.Shown, sha256, note.TotalBytes, _tools.Time.GetUtcNow()).Write(_target);
        _partials.DeleteNote(_source.Id);
    }

    private void CheckHeader(string path)
    {
        try
        {
            _ = GgufHeader.Read(path);
        }
        catch (GgufException error)
        {
            throw Spoilt(new ModelException(502, "not_a_model", $"The file came as it was published, but cannot be used; it was deleted. {error.Message.Replace(path, _source.Name, StringComparison.Ordinal)}", error));
        }
    }

    private void MoveIntoPlace()
    {
        try
        {
            File.Move(_partials.PathOf(_source.Id), _target, overwrite: false);
        }
        catch (IOException) when (File.Exists(_target))
        {
            throw NameTaken(_target);
        }
    }

    private void Show(PullState state, string? note = null) => _pull.Status = _pull.Status with
    {
        State = state,
        ReceivedBytes = _received,
        TotalBytes = _note?.TotalBytes ?? _pull.Status.TotalBytes,
        BytesPerSecond = note is null ? _rate.BytesPerSecond : 0,
        Note = note,
    };
}
