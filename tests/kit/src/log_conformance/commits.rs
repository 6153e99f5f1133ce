//! Outputs and offsets: one atomic commit, stable offsets.

use topics_log::Committed;

use super::Verdict;
use super::member::{Member, transact};
use super::scene::{Scene, record, values};

/// Outputs in two partitions and an offset appear with the commit, and none of them without it.
pub async fn shows_outputs_and_offsets_together_or_not_at_all(scene: Scene) -> Verdict {
    let (input, output) = (scene.topic("in", 1).await?, scene.topic("out", 2).await?);
    scene.publish(&input, 0, 0..10).await?;
    let mut member = Member::owning(&scene, "one", &input, 1).await?;
    let mut transactor = member.consumer.transactor(&scene.name("atomic")).await?;
    let outputs = |round: &str| vec![record(&output, 0, round), record(&output, 1, round)];
    transactor.begin().await?;
    transactor.produce(outputs("aborted")).await?;
    transactor.send_offsets(&[member.offset(&input, 0, 4, "")]).await?;
    transactor.abort().await?;
    assert_eq!(member.committed(&input, 0).await?, None, "the offset after an abort");
    assert_eq!(scene.everything(&output, 2).await?.len(), 0, "outputs after an abort");
    transactor.begin().await?;
    transactor.produce(outputs("one")).await?;
    transactor.produce(outputs("two")).await?;
    transactor.send_offsets(&[member.offset(&input, 0, 7, "")]).await?;
    assert_eq!(scene.everything(&output, 2).await?.len(), 0, "outputs before the commit");
    transactor.commit().await?;
    let offset = member.committed(&input, 0).await?.map(|committed| committed.offset);
    assert_eq!(offset, Some(7), "the offset after the commit");
    let mut found = values(&scene.everything(&output, 2).await?);
    found.sort();
    assert_eq!(found, ["one", "one", "two", "two"], "outputs after the commit");
    Ok(())
}

/// A transaction may hold offsets alone (the asking), the same ones again, or nothing at all.
pub async fn takes_offsets_alone_and_nothing_at_all(scene: Scene) -> Verdict {
    let input = scene.topic("in", 1).await?;
    scene.publish(&input, 0, 0..3).await?;
    let mut member = Member::owning(&scene, "one", &input, 1).await?;
    let mut transactor = member.consumer.transactor(&scene.name("asking")).await?;
    for _ in 0..2 {
        transact(&mut *transactor, vec![], &[member.offset(&input, 0, 2, "asked")]).await?;
        let expected = Committed { offset: 2, metadata: "asked".into() };
        assert_eq!(member.committed(&input, 0).await?, Some(expected), "what was asked for");
    }
    transact(&mut *transactor, vec![], &[]).await?;
    transactor.begin().await?;
    transactor.abort().await
}

/// Committed offsets are not told while an open transaction holds some of the partition: whoever asks
/// waits for its end and is told what holds from then on.
pub async fn waits_for_pending_offsets(scene: Scene) -> Verdict {
    let input = scene.topic("in", 1).await?;
    scene.publish(&input, 0, 0..3).await?;
    let mut member = Member::owning(&scene, "one", &input, 1).await?;
    let mut transactor = member.consumer.transactor(&scene.name("pending")).await?;
    for (next, commits, expected) in [(1, true, Some(1)), (2, false, Some(1)), (3, true, Some(3))] {
        transactor.begin().await?;
        transactor.send_offsets(&[member.offset(&input, 0, next, "")]).await?;
        let quiet = scene.timing.quiet;
        let end = async {
            tokio::time::sleep(quiet).await; // paces load
            if commits { transactor.commit().await } else { transactor.abort().await }
        };
        let (found, ended) = tokio::join!(member.committed(&input, 0), end);
        ended?;
        assert_eq!(found?.map(|committed| committed.offset), expected, "asked while {next} was pending");
    }
    Ok(())
}

/// What was noted with an offset comes back with it, up to the longest note; none comes back as none.
pub async fn keeps_the_note_beside_an_offset(scene: Scene) -> Verdict {
    let input = scene.topic("in", 1).await?;
    scene.publish(&input, 0, 0..9).await?;
    let mut member = Member::owning(&scene, "one", &input, 1).await?;
    let mut transactor = member.consumer.transactor(&scene.name("note")).await?;
    let longest = "n".repeat(4096);
    for (next, note) in [(1, "store=memory;closed=3"), (2, ""), (3, &longest)] {
        transact(&mut *transactor, vec![], &[member.offset(&input, 0, next, note)]).await?;
        let expected = Committed { offset: next, metadata: note.into() };
        assert_eq!(member.committed(&input, 0).await?, Some(expected), "in a transaction");
    }
    member.consumer.commit(&[member.offset(&input, 0, 4, "outside")]).await?;
    let expected = Committed { offset: 4, metadata: "outside".into() };
    assert_eq!(member.committed(&input, 0).await?, Some(expected), "outside one");
    Ok(())
}

/// A gateway commits without a transaction, each partition by itself, and where nothing was committed
/// there is none.
pub async fn commits_offsets_outside_a_transaction(scene: Scene) -> Verdict {
    let input = scene.topic("in", 2).await?;
    scene.publish(&input, 0, 0..9).await?;
    let mut member = Member::owning(&scene, "one", &input, 2).await?;
    assert_eq!(member.committed(&input, 0).await?, None, "before the first commit");
    member.consumer.commit(&[member.offset(&input, 0, 5, "")]).await?;
    let both = [member.assignment(&input, 1), member.assignment(&input, 0)];
    let found = member.consumer.committed(&both).await?;
    let offsets: Vec<_> = found.into_iter().map(|found| found.map(|committed| committed.offset)).collect();
    assert_eq!(offsets, [None, Some(5)], "in the order of the question");
    Ok(())
}

/// A transactor whose transaction was aborted begins the next one, many times over.
pub async fn goes_on_after_an_abort(scene: Scene) -> Verdict {
    let output = scene.topic("out", 1).await?;
    let mut member = scene.log.join(scene.group("one"), &[&output]).await?;
    let mut transactor = member.transactor(&scene.name("again")).await?;
    for round in 0..6 {
        transactor.begin().await?;
        transactor.produce(vec![record(&output, 0, &round.to_string())]).await?;
        if round % 2 == 0 { transactor.abort().await? } else { transactor.commit().await? }
    }
    assert_eq!(values(&scene.everything(&output, 1).await?), ["1", "3", "5"], "what was committed");
    Ok(())
}
