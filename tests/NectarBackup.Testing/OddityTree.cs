namespace NectarBackup.Testing;

/// <summary>
/// A tree of everything that backup programs stumble over, made by the system's own tools: names, modes, links, special files, holes, attributes, times.
/// Devices and foreign owners only for root.
/// </summary>
public static class OddityTree
{
    /// <summary>Components of 200 bytes that the deepest path has: more than one system call takes (4096 bytes).</summary>
    public const int DeepLevels = 25;

    private const string Script = """
        mkdir names modes links special holes attributes times empty 'empty/still empty'
        for n in $'latin-\xe9' $'bad-\xff\xfe' $'line\nbreak' $'tab\there' 'back\slash' 'quo"te' ' blank ' '-dash' '<&>' $'\xc3\xa9' $'e\xcc\x81' $'\xef\xbf\xbd' \
            'CON' 'dot.' '...' $'\x01' $'\xf0\x9f\x8d\xaf' "$(printf 'n%.0s' {1..255})"; do printf 'name %s' "$n" > "names/$n"; done
        mkdir $'names/dir-\x80'; echo inner > $'names/dir-\x80/in'
        echo plain > modes/plain
        for m in 0000 0001 0400 0200 4755 2755 6711 1644 0777; do echo "$m" > modes/f$m; chmod $m modes/f$m; done
        for m in 1777 2775 3770 0555 0700; do mkdir modes/d$m; echo in > modes/d$m/in; done
        for m in 1777 2775 3770 0555 0700; do chmod $m modes/d$m; done
        echo one > links/one; ln links/one links/two; ln links/one empty/../links/three
        ln -s one links/relative; ln -s /nowhere/at/all links/dangling; ln -s ../../.. links/outward; ln -s $'bad-\xff' links/$'raw-\xfe'; ln -s . links/dot
        ln -s "$(printf 'x/%.0s' {1..2000})" links/long
        mkfifo special/fifo; perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "special/socket", Listen => 1) or die $!'
        if [ "$(id -u)" = 0 ]; then
            mknod special/null c 1 3; mknod special/loop b 7 300; mknod special/large c 4095 1048575 || true
            echo owned > modes/owned; chown 12345:54321 modes/owned; chmod 6755 modes/owned; ln -s nobody links/owned; chown -h 1234:4321 links/owned
        fi
        truncate -s 3M holes/all; truncate -s 0 holes/none
        printf data | dd of=holes/begin bs=1 seek=2097152 conv=notrunc status=none
        { printf head; } > holes/end; truncate -s 2M holes/end
        head -c 65536 /dev/zero | tr '\0' a > holes/middle; printf tail | dd of=holes/middle bs=1 seek=1048576 conv=notrunc status=none
        head -c 1200000 /dev/zero > holes/zeros
        echo a > attributes/file; mkdir attributes/dir
        setfattr -n user.plain -v value attributes/file; setfattr -n user.empty attributes/file; setfattr -n user.raw -v 0x00ff0a00 attributes/file
        setfattr -n user.dir -v x attributes/dir
        echo acl > attributes/acl; chmod 640 attributes/acl
        # version 2; user::rw-, user:65534:r--, group::r--, mask::rw-, other::---
        setfattr -n system.posix_acl_access -v 0x0200000001000600ffffffff02000400feff000004000400ffffffff10000600ffffffff20000000ffffffff attributes/acl
        mkdir attributes/default
        setfattr -n system.posix_acl_default -v 0x0200000001000700ffffffff02000500feff000004000500ffffffff10000500ffffffff20000500ffffffff attributes/default
        for t in @-1.999999999 @-86400.000000001 @0 @1.000000001 @2147483648.5 @9999999999.123456789 @1700000000.987654321; do echo $t > times/"f$t"; touch -h -d "$t" times/"f$t"; done
        ln -s f@0 times/link; touch -h -d @1600000000.123456789 times/link
        perl -e 'for (1..25) { mkdir "d" x 200 or die $!; chdir "d" x 200 or die $! } open F, ">deep" or die $!; print F "deep"'
        mkdir times/dir; touch -d @1500000000.111111111 times/dir; touch -d @1400000000.5 times
        """;

    /// <summary>Fills an existing, empty directory.</summary>
    public static void Create(string directory) => ShellCommand.Run(directory, Script);
}
