using System.Text;
using NectarBackup.Engine.Keys;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Tests.Keys;

public sealed class OpeningTests
{
    private static readonly byte[] s_password = Encoding.UTF8.GetBytes("pässword");

    private static Task<Repository> Init(IObjectStore store) =>
        Repository.InitAsync(store, s_password, null, ("user", "host"), TimeProvider.System, default);

    private static async Task<RepositoryError> ErrorOf(Func<Task> act) =>
        (await Assert.ThrowsAsync<RepositoryException>(act)).Error;

    [Fact]
    public async Task A_new_repository_opens_with_its_password_and_no_other()
    {
        var store = new MemoryStore();
        var made = await Init(store);
        var opened = await Repository.OpenAsync(store, s_password, default);
        Assert.Equal(made.Config, opened.Config);
        Assert.Equal(2, opened.Config.Version);
        Assert.Equal(
            RepositoryError.WrongPassword,
            await ErrorOf(() => Repository.OpenAsync(store, "password"u8.ToArray(), default))
        );
    }

    [Fact]
    public async Task Where_there_is_no_repository_none_opens_and_where_there_is_one_none_is_made()
    {
        var store = new MemoryStore();
        Assert.Equal(RepositoryError.NotFound, await ErrorOf(() => Repository.OpenAsync(store, s_password, default)));
        await Init(store);
        Assert.Equal(RepositoryError.AlreadyExists, await ErrorOf(() => Init(store)));
    }

    [Fact]
    public async Task What_is_left_of_an_old_repository_is_not_built_upon()
    {
        var store = new MemoryStore();
        await Init(store);
        await store.DeleteAsync(ObjectName.Config, default);
        Assert.Equal(RepositoryError.AlreadyExists, await ErrorOf(() => Init(store)));
    }

    [Fact]
    public async Task A_damaged_key_does_not_hide_a_good_one()
    {
        var store = new MemoryStore();
        await Init(store);
        var junk = "{ not a key"u8.ToArray();
        await store.PutAsync(new ObjectName(ObjectKind.Key, ObjectId.Of(junk)), ObjectContent.Of(junk), default);
        await Repository.OpenAsync(store, s_password, default);
    }

    [Theory]
    [InlineData("{\"version\":3,\"id\":\"ID\",\"chunker_polynomial\":\"3da3358b4dc173\"}", RepositoryError.Unsupported)]
    [InlineData("{\"version\":2,\"id\":\"ID\",\"chunker_polynomial\":\"2\"}", RepositoryError.Damaged)]
    [InlineData("{\"version\":2,\"id\":\"short\",\"chunker_polynomial\":\"3da3358b4dc173\"}", RepositoryError.Damaged)]
    [InlineData("{\"version\":2}", RepositoryError.Damaged)]
    [InlineData("null", RepositoryError.Damaged)]
    [InlineData("[", RepositoryError.Damaged)]
    public void A_config_that_cannot_be_used_says_so(string json, RepositoryError expected)
    {
        var bytes = Encoding.UTF8.GetBytes(json.Replace("ID", ObjectId.Of([]).ToString(), StringComparison.Ordinal));
        Assert.Equal(expected, Assert.Throws<RepositoryException>(() => RepositoryConfig.Parse(bytes)).Error);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"kdf\":\"scrypt\",\"salt\":\"AA==\",\"data\":\"AA==\"}")]
    [InlineData("{\"kdf\":\"scrypt\",\"salt\":\"?\",\"data\":\"AA==\"}")]
    public void A_key_file_that_cannot_be_used_is_damage(string json) =>
        Assert.Equal(
            RepositoryError.Damaged,
            Assert.Throws<RepositoryException>(() => KeyFile.Parse(Encoding.UTF8.GetBytes(json), ObjectId.Of([]))).Error
        );
}
