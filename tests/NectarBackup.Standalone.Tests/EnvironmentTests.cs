namespace NectarBackup.Standalone.Tests;

public sealed class EnvironmentTests
{
    [Fact]
    public async Task Options_come_before_our_variables_and_these_before_restics()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        await File.WriteAllTextAsync(nectar["password"], $" {Nectar.Password}\n");
        var restic = new Dictionary<string, string>
        {
            ["RESTIC_REPOSITORY"] = nectar["repo"],
            ["RESTIC_PASSWORD"] = Nectar.Password,
        };
        Assert.Equal(0, (await nectar.RunAsync(restic, "list", "keys")).Code);

        var ours = new Dictionary<string, string>(restic) { ["NECTAR_REPOSITORY"] = nectar["none"] };
        Assert.Equal(10, (await nectar.RunAsync(ours, "list", "keys")).Code);
        Assert.Equal(0, (await nectar.RunAsync(ours, "-r", nectar["repo"], "list", "keys")).Code);

        var wrong = new Dictionary<string, string>(restic) { ["NECTAR_PASSWORD"] = "wrong" };
        Assert.Equal(12, (await nectar.RunAsync(wrong, "list", "keys")).Code);
        Assert.Equal(0, (await nectar.RunAsync(wrong, "list", "keys", "-p", nectar["password"])).Code);
    }

    [Fact]
    public async Task A_password_command_is_split_into_words_and_run_without_a_shell()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        var environment = new Dictionary<string, string> { ["NECTAR_REPOSITORY"] = nectar["repo"] };
        var good = await nectar.RunAsync(
            environment,
            "list",
            "keys",
            "--password-command",
            $"echo '{Nectar.Password}'"
        );
        Assert.Equal(0, good.Code);
        var shell = await nectar.RunAsync(
            environment,
            "list",
            "keys",
            "--password-command",
            $"echo {Nectar.Password}; touch owned"
        );
        Assert.Equal(12, shell.Code);
        Assert.False(File.Exists(nectar["owned"]));
        Assert.Equal(1, (await nectar.RunAsync(environment, "list", "keys", "--password-command", "false")).Code);
        Assert.Equal(1, (await nectar.RunAsync(environment, "list", "keys")).Code);
    }
}
