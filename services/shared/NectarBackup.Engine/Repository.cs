using System.Buffers;
using NectarBackup.Engine.Chunking;
using NectarBackup.Engine.Compression;
using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Keys;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine;

/// <summary>
/// An open repository: its store, its unwrapped key, its config and, once <see cref="LoadIndexAsync"/> ran, its index. Opening one reads a few small files;
/// nothing is locked and nothing is written. Thread safe.
/// </summary>
public sealed class Repository : IAsyncDisposable
{
    /// <summary>Longest index, snapshot or lock that is read, in bytes after decompression.</summary>
    public const int MaxUnpackedLength = 512 << 20;

    /// <summary>Keys that are tried before giving up, as restic's default.</summary>
    private const int MaxKeys = 20;

    private Repository(IObjectStore store, MasterKey key, ObjectId keyId, RepositoryConfig config)
    {
        Store = store;
        Key = key;
        KeyId = keyId;
        Config = config;
        Cipher = new BlobCipher(key);
        Blobs = new BlobReader(this);
    }

    private readonly Lock _spoolGate = new();
    private SpoolArea? _spool;

    public IObjectStore Store { get; }

    public RepositoryConfig Config { get; }

    /// <summary>The key file that opened the repository.</summary>
    public ObjectId KeyId { get; }

    /// <summary>Every blob of the index files that were loaded, and what was added since.</summary>
    public BlobIndex Index { get; internal set; } = new();

    /// <summary>Reads blobs by id.</summary>
    public BlobReader Blobs { get; }

    /// <summary>Where packs are written before they are stored: beside the repository if the store can take them over, else in the temporary directory.</summary>
    internal string SpoolDirectory
    {
        get
        {
            if (Store.SpoolDirectory is { } beside)
                return beside;
            lock (_spoolGate)
                return (
                    _spool ??= SpoolArea.Open(Path.Combine(Path.GetTempPath(), "nectarbackup"), TimeProvider.System)
                ).Path;
        }
    }

    internal MasterKey Key { get; }

    internal BlobCipher Cipher { get; }

    /// <summary>Makes a new repository: a key first, the config last, so that a half-made one is no repository.</summary>
    /// <param name="store">Where; must hold no repository.</param>
    /// <param name="password">UTF-8.</param>
    /// <param name="polynomial">Cut content as another repository does, so that copies are deduplicated; null for a new one.</param>
    /// <param name="identity">Who is recorded in the key file.</param>
    /// <param name="time">The clock for the key's time of creation.</param>
    /// <param name="cancellationToken">Gives up between two files.</param>
    /// <exception cref="RepositoryException">AlreadyExists.</exception>
    public static Task<Repository> InitAsync(
        IObjectStore store,
        ReadOnlyMemory<byte> password,
        ChunkerPolynomial? polynomial,
        (string User, string Host) identity,
        TimeProvider time,
        CancellationToken cancellationToken
    ) => InitAsync(store, password, polynomial, identity, KdfParameters.ForNewKeys, time, cancellationToken);

    /// <summary>As the other <c>InitAsync</c>, with a key that asks for other work: tests open hundreds of repositories.</summary>
    internal static async Task<Repository> InitAsync(
        IObjectStore store,
        ReadOnlyMemory<byte> password,
        ChunkerPolynomial? polynomial,
        (string User, string Host) identity,
        KdfParameters cost,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        if (await store.FindLengthAsync(ObjectName.Config, cancellationToken) is not null)
            throw Exists(store);
        await store.CreateAsync(cancellationToken);
        foreach (var kind in new[] { ObjectKind.Key, ObjectKind.Snapshot })
        {
            await foreach (var info in store.ListAsync(kind, cancellationToken))
                throw new RepositoryException(
                    RepositoryError.AlreadyExists,
                    $"{store.Location} has no config but holds {info.Name}",
                    "restore the config, or remove what is left of the old repository"
                );
        }
        var master = MasterKey.Generate();
        var key = KeyFile
            .Create(master, password.Span, identity.User, identity.Host, time.GetUtcNow(), cost)
            .Serialize();
        var keyId = ObjectId.Of(key);
        await store.PutAsync(new ObjectName(ObjectKind.Key, keyId), ObjectContent.Of(key), cancellationToken);
        var id = new byte[ObjectId.Size];
        System.Security.Cryptography.RandomNumberGenerator.Fill(id);
        var config = new RepositoryConfig(2, new ObjectId(id), polynomial ?? ChunkerPolynomial.Generate());
        var repository = new Repository(store, master, keyId, config);
        try
        {
            await store.PutAsync(
                ObjectName.Config,
                ObjectContent.Of(repository.Seal(config.Serialize())),
                cancellationToken
            );
        }
        catch (StoreException e) when (e.IsAlreadyThere)
        {
            await store.DeleteAsync(new ObjectName(ObjectKind.Key, keyId), cancellationToken);
            throw Exists(store);
        }
        return repository;
    }

    /// <summary>The same repository, without its index, through another store that has the same objects.</summary>
    internal Repository Through(IObjectStore store) => new(store, Key, KeyId, Config);

    private static RepositoryException Exists(IObjectStore store) =>
        new(RepositoryError.AlreadyExists, $"there is a repository at {store.Location} already");

    /// <inheritdoc cref="OpenAsync(IObjectStore, ReadOnlyMemory{byte}, Func{IObjectStore, ObjectId, IObjectStore}, CancellationToken)"/>
    public static Task<Repository> OpenAsync(
        IObjectStore store,
        ReadOnlyMemory<byte> password,
        CancellationToken cancellationToken
    ) => OpenAsync(store, password, null, cancellationToken);

    /// <summary>Opens a repository with any of its passwords.</summary>
    /// <param name="store">Where it is.</param>
    /// <param name="password">UTF-8.</param>
    /// <param name="decorate">Puts a store around the store when the repository's id is known, for a cache; may be null.</param>
    /// <param name="cancellationToken">Gives up between two reads.</param>
    /// <exception cref="RepositoryException">NotFound, WrongPassword, Unsupported, Damaged.</exception>
    public static async Task<Repository> OpenAsync(
        IObjectStore store,
        ReadOnlyMemory<byte> password,
        Func<IObjectStore, ObjectId, IObjectStore>? decorate,
        CancellationToken cancellationToken
    )
    {
        var configLength = await store.FindLengthAsync(ObjectName.Config, cancellationToken);
        if (configLength is null)
            throw new RepositoryException(
                RepositoryError.NotFound,
                $"there is no repository at {store.Location}",
                "check the location, or make one with 'init'"
            );
        var (master, keyId) = await FindKeyAsync(store, password, cancellationToken);
        if (configLength is < BlobCipher.Overhead or > RepositoryConfig.MaxLength)
            throw RepositoryException.Damaged("the config", $"it has {configLength} bytes");
        var bytes = new byte[configLength.Value];
        await store.ReadAsync(ObjectName.Config, 0, bytes, cancellationToken);
        var plain = new byte[bytes.Length - BlobCipher.Overhead];
        if (!new BlobCipher(master).TryOpen(bytes, plain))
            throw RepositoryException.Damaged("the config", "its authentication code is wrong");
        var config = RepositoryConfig.Parse(plain);
        return new Repository(decorate?.Invoke(store, config.Id) ?? store, master, keyId, config);
    }

    private static async Task<(MasterKey Master, ObjectId Id)> FindKeyAsync(
        IObjectStore store,
        ReadOnlyMemory<byte> password,
        CancellationToken cancellationToken
    )
    {
        var tried = 0;
        RepositoryException? damage = null;
        await foreach (var info in store.ListAsync(ObjectKind.Key, cancellationToken))
        {
            if (tried++ == MaxKeys)
                break;
            try
            {
                var key = KeyFile.Parse(await ReadKeyAsync(store, info, cancellationToken), info.Name.Id);
                if (key.TryOpen(password.Span, info.Name.Id) is { } master)
                    return (master, info.Name.Id);
            }
            catch (RepositoryException e) when (e.Error is RepositoryError.Damaged or RepositoryError.Unsupported)
            {
                damage = e; // another key may still open
            }
        }
        if (damage is not null)
            throw damage;
        throw tried == 0
            ? RepositoryException.Damaged($"the repository at {store.Location}", "it has no key file")
            : new RepositoryException(
                RepositoryError.WrongPassword,
                $"no key of {store.Location} opens with this password",
                "check the password file"
            );
    }

    internal static async Task<byte[]> ReadKeyAsync(
        IObjectStore store,
        ObjectInfo info,
        CancellationToken cancellationToken
    )
    {
        if (info.Length is 0 or > KeyFile.MaxLength)
            throw RepositoryException.Damaged($"key {info.Name.Id}", $"it has {info.Length} bytes");
        var bytes = new byte[info.Length];
        await store.ReadAsync(info.Name, 0, bytes, cancellationToken);
        return ObjectId.Of(bytes) == info.Name.Id
            ? bytes
            : throw RepositoryException.Damaged($"key {info.Name.Id}", "its content does not match its name");
    }

    /// <summary>Reads all index files, replacing what was loaded. A backup that runs elsewhere may be missed: its blobs are then stored twice.</summary>
    /// <exception cref="RepositoryException">Damaged: an index file cannot be used; <c>repair index</c> makes a new one from the packs.</exception>
    public async Task LoadIndexAsync(CancellationToken cancellationToken)
    {
        var index = new BlobIndex();
        await Parallel.ForEachAsync(
            Store.ListAsync(ObjectKind.Index, cancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = cancellationToken },
            async (info, token) =>
            {
                try
                {
                    await ReadIndexAsync(info.Name, (pack, blobs) => index.AddPack(pack, blobs.Span), token);
                }
                catch (StoreException e) when (e.IsNotFound)
                {
                    // Replaced by a prune since it was listed; prune writes the new index first, and it is listed or holds nothing we need.
                }
            }
        );
        Index = index;
    }

    /// <summary>Reads one index file and hands on each pack with its blobs; the memory is only valid during the call.</summary>
    /// <exception cref="RepositoryException">Damaged.</exception>
    internal async Task ReadIndexAsync(
        ObjectName name,
        Action<ObjectId, ReadOnlyMemory<PackBlob>> onPack,
        CancellationToken cancellationToken
    )
    {
        var stored = await ReadStoredAsync(name, cancellationToken);
        using var plain = new NativeBuffer();
        OpenUnpacked(stored, name, plain);
        IndexJson.Read(plain.Written, name.Id, onPack);
    }

    /// <summary>Reads an index, snapshot or lock file and checks it against its name.</summary>
    /// <returns>The plain JSON.</returns>
    /// <exception cref="RepositoryException">Damaged.</exception>
    public async Task<byte[]> LoadUnpackedAsync(ObjectName name, CancellationToken cancellationToken) =>
        OpenUnpacked(await ReadStoredAsync(name, cancellationToken), name);

    private async Task<byte[]> ReadStoredAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var length =
            await Store.FindLengthAsync(name, cancellationToken)
            ?? throw new StoreException(StoreFault.NotFound, $"{name} is not there");
        if (length is < BlobCipher.Overhead or > MaxUnpackedLength)
            throw RepositoryException.Damaged(name.Path, $"it has {length} bytes");
        var stored = new byte[length];
        await Store.ReadAsync(name, 0, stored, cancellationToken);
        return stored;
    }

    /// <summary>Checks, opens and decompresses the stored bytes of an index, snapshot or lock file.</summary>
    internal byte[] OpenUnpacked(byte[] stored, ObjectName name)
    {
        using var plain = new NativeBuffer();
        OpenUnpacked(stored, name, plain);
        return plain.Written.ToArray();
    }

    private void OpenUnpacked(byte[] stored, ObjectName name, NativeBuffer to)
    {
        if (ObjectId.Of(stored) != name.Id)
            throw RepositoryException.Damaged(name.Path, "its content does not match its name");
        var plain = stored.AsSpan(16, stored.Length - BlobCipher.Overhead);
        if (!Cipher.TryOpen(stored, plain))
            throw RepositoryException.Damaged(name.Path, "its authentication code is wrong");
        if (plain.IsEmpty)
            throw RepositoryException.Damaged(name.Path, "it is empty");
        if (plain[0] is (byte)'{' or (byte)'[')
        {
            to.Write(plain);
            return;
        }
        if (plain[0] != CompressedMark || Config.Version < 2)
            throw RepositoryException.Damaged(name.Path, $"it starts with the unknown byte {plain[0]}");
        using var decompressor = new ZstdDecompressor();
        try
        {
            decompressor.DecompressBounded(plain[1..], to, MaxUnpackedLength);
        }
        catch (RepositoryException e)
        {
            throw RepositoryException.Damaged(name.Path, e.Message, e);
        }
    }

    /// <summary>First byte of a compressed unpacked file (restic design: "Unpacked Data Format").</summary>
    private const byte CompressedMark = 2;

    /// <summary>Seals and stores an index, snapshot or lock file.</summary>
    /// <returns>Its id.</returns>
    public Task<ObjectId> SaveUnpackedAsync(
        ObjectKind kind,
        ReadOnlyMemory<byte> json,
        CancellationToken cancellationToken
    ) => SaveSealedAsync(kind, SealUnpacked(json.Span), cancellationToken);

    /// <summary>Stores what <see cref="SealUnpacked"/> made.</summary>
    internal async Task<ObjectId> SaveSealedAsync(ObjectKind kind, byte[] stored, CancellationToken cancellationToken)
    {
        var id = ObjectId.Of(stored);
        await Store.PutAsync(new ObjectName(kind, id), ObjectContent.Of(stored), cancellationToken);
        return id;
    }

    internal byte[] SealUnpacked(ReadOnlySpan<byte> json)
    {
        if (Config.Version < 2)
            return Seal(json);
        using var buffer = new NativeBuffer();
        using var compressor = new ZstdCompressor(Zstd.DefaultLevel);
        var room = buffer.GetSpan(1 + Zstd.MaxCompressedLength(json.Length));
        room[0] = CompressedMark;
        return Seal(room[..(1 + compressor.Compress(json, room[1..]))]);
    }

    private byte[] Seal(ReadOnlySpan<byte> plain)
    {
        var stored = new byte[plain.Length + BlobCipher.Overhead];
        Cipher.Seal(plain, stored);
        return stored;
    }

    public ValueTask DisposeAsync()
    {
        _spool?.Dispose();
        return Store.DisposeAsync();
    }
}
