namespace NectarBackup.Testing;

/// <summary>
/// All that a backup has to keep of a tree as text, one sorted line each, found out by find, getfattr and sha256sum: two trees are alike if their texts
/// are. Inode numbers are replaced by the first name of each hard-linked set; change times and directory sizes are left out. Contents that the caller may
/// not read count as unread on both sides.
/// </summary>
public static class TreeFingerprint
{
    // find's -execdir keeps each name short, however deep it lies; every tool is given "./name" relative to its directory.
    private const string Script = """
        {
        find . -mindepth 1 \( -type d -printf 'd %m %U %G - %T@ - ' -o -printf '%y %m %U %G %s %T@ %n ' \) -printf '%l\0%p\0' |
            perl -0ne 'chomp; if ($. % 2) { $h = $_ } else { print unpack("H*", $_), " ", $h =~ s/([^ -~]|\\)/sprintf("\\x%02x", ord $1)/ger, "\n" }'
        find . -mindepth 1 -type f -links +1 -printf '%i %p\0' | sort -z | perl -0ne 'chomp; /^(\d+) (.*)$/s; $f{$1} //= $2; print unpack("H*", $2), " linked ", unpack("H*", $f{$1}), "\n"'
        find . -mindepth 1 \( -type b -o -type c \) -execdir stat -c 'device %n %t %T' {} \;
        { find . -mindepth 1 -type f -readable -printf 'file %p\0' -execdir sha256sum -z {} \; ; } | perl -0ne 'chomp; if (/^file (.*)$/s) { $p = $1 } else { /^\\?([0-9a-f]{64})/; print unpack("H*", $p), " sha256 $1\n" }'
        find . -mindepth 1 -printf 'entry %p\n\0' -execdir getfattr -h -d -m - -e hex --absolute-names {} \; -printf '\0' |
            perl -0ne 'chomp; if (/^entry (.*)\n$/s) { $p = $1 } else { for (sort split /\n/) { print unpack("H*", $p), " xattr $_\n" if /^(user|system|trusted|security)\.[^=]*=?/ } }'
        } | sort
        """;

    /// <summary>The text for all below the directory, but not for itself.</summary>
    public static string Of(string directory) => ShellCommand.Run(directory, Script);
}
