using System.CommandLine;
using System.Globalization;
using NectarBackup.Engine;
using NectarBackup.Engine.Keys;
using NectarBackup.Engine.Stores;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Output;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>key</c>: the passwords of a repository.</summary>
internal static class KeyCommand
{
    public static Command Build() =>
        new("key", "Manage the passwords of a repository") { List(), Add(), Remove(), ChangePassword() };

    private static Command List() =>
        new Command("list", "List the keys").Does(
            async (run, cancellationToken) =>
            {
                await using var open = await run.OpenAsync(LockMode.Reading, cancellationToken);
                var keys = await new KeyRing(open.Repository, run.Time).ListAsync(open.Token);
                Show(run, keys);
                return ExitCode.Ok;
            }
        );

    private static void Show(CommandRun run, List<KeyInfo> keys)
    {
        if (run.Json)
        {
            run.Out.Json(json =>
            {
                json.WriteStartArray();
                foreach (var key in keys)
                {
                    json.WriteStartObject();
                    json.WriteBoolean("current", key.IsCurrent);
                    json.WriteString("id", key.Id.ToString());
                    json.WriteString("userName", key.UserName);
                    json.WriteString("hostName", key.HostName);
                    json.WriteString("created", Created(key));
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            });
            return;
        }
        var table = new Table(" ID", "User", "Host", "Created");
        foreach (var key in keys)
            table.Add((key.IsCurrent ? "*" : " ") + key.Id.Short, key.UserName, key.HostName, Created(key));
        foreach (var line in table.Lines())
            run.Out.Line(line);
    }

    private static string Created(KeyInfo key) =>
        DateTimeOffset.TryParse(key.Created, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? Times.Show(time)
            : key.Created;

    private static Command Add()
    {
        var newKey = new NewKeyOptions();
        var command = new Command("add", "Let one more password open the repository");
        newKey.AddTo(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var password = newKey.ReadFile(run);
                await using var open = await run.OpenAsync(LockMode.Adding, cancellationToken);
                var id = await newKey.StoreAsync(run, open, password, replace: false);
                run.Say($"saved new key with ID {id}");
                return ExitCode.Ok;
            }
        );
    }

    private static Command Remove()
    {
        var id = new Argument<string>("ID");
        return new Command("remove", "Remove a key: its password opens the repository no more") { id }.Does(
            async (run, cancellationToken) =>
            {
                await using var open = await run.OpenAsync(LockMode.Exclusive, cancellationToken);
                var store = open.Repository.Store;
                var found = await ObjectNames.FindAsync(store, ObjectKind.Key, run.Get(id), open.Token);
                await new KeyRing(open.Repository, run.Time).RemoveAsync(found.Name.Id, open.Token);
                run.Say($"removed key {found.Name.Id}");
                return ExitCode.Ok;
            }
        );
    }

    private static Command ChangePassword()
    {
        var newKey = new NewKeyOptions();
        var command = new Command("passwd", "Replace the password that opened the repository");
        newKey.AddTo(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var password = newKey.ReadFile(run);
                await using var open = await run.OpenAsync(LockMode.Exclusive, cancellationToken);
                var id = await newKey.StoreAsync(run, open, password, replace: true);
                run.Say($"saved new key as {id}");
                return ExitCode.Ok;
            }
        );
    }

    private sealed class NewKeyOptions
    {
        private readonly Option<string?> _file = GlobalOptions.Text(
            "--new-password-file",
            "read the new password from a file",
            "FILE"
        );
        private readonly Option<string?> _host = GlobalOptions.Text(
            "--host",
            "the host to note, else this one",
            "HOST"
        );
        private readonly Option<string?> _user = GlobalOptions.Text("--user", "the user to note, else you", "USER");

        public void AddTo(Command command)
        {
            command.Add(_file);
            command.Add(_host);
            command.Add(_user);
        }

        /// <summary>A wrong file is told before the repository is opened; null if the password is asked for later.</summary>
        public byte[]? ReadFile(CommandRun run) => run.Get(_file) is { } file ? Password.GetNew(file) : null;

        public Task<ObjectId> StoreAsync(CommandRun run, OpenRepository open, byte[]? password, bool replace)
        {
            var self = LocalLockIdentity.Instance;
            var identity = (run.Get(_user) ?? self.UserName, run.Get(_host) ?? self.HostName);
            var keys = new KeyRing(open.Repository, run.Time);
            password ??= Password.GetNew(null);
            return replace
                ? keys.ChangePasswordAsync(password, identity, open.Token)
                : keys.AddAsync(password, identity, open.Token);
        }
    }
}
